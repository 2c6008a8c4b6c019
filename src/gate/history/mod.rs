//! What a baseline is: the last runs of a branch, with the key that says which runs are alike.

mod branches;
mod file;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::branches::{BranchName, Branches, NoBranchName};
pub use self::file::{BaselineFile, BaselineFileError};
use super::key::Key;
use super::server_side::ServerEntry;
use crate::analysis::{Analysis, CostBasis, SizeSummary};
use crate::prices::DatedPrices;
use crate::result::RunResult;
use crate::units::MemoryMb;

/// Runs that a baseline rests on, at most.
pub const MAX_RUNS: usize = 10;
/// Runs kept per key, so that older epochs still show the run-to-run noise.
const KEPT_RUNS: usize = 30;
/// Runs kept per region, however many keys they have: settings that change with each run must not
/// make the file grow for ever.
const KEPT_RUNS_OF_REGION: usize = 300;
/// Runs closer together than this count as one: they share the state of the region that day.
const SAME_RUN: SignedDuration = SignedDuration::from_hours(6);
/// Runs this much older than the newest are not compared with.
const WINDOW: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Where a run is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Epoch {
    /// To the runs that it is like.
    Same,
    /// To a new epoch: it differs from the runs before by more than noise.
    New,
}

/// One run of a branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Run id.
    pub run_id: String,
    /// Commit, where known.
    pub commit: Option<String>,
    /// The branch that it is of, where known; absent in files of older versions, which hold runs of
    /// the default branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<BranchName>,
    /// When it was measured.
    pub at: Timestamp,
    /// Runs of one epoch belong together; a run outside the noise band of the last epoch starts the
    /// next.
    pub epoch: u32,
    /// Which runs are alike.
    pub key: Key,
    /// The recommended size.
    pub recommended_memory_mb: MemoryMb,
    /// What its calls were priced with; absent in files of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<DatedPrices>,
    /// Every measured size, ascending.
    pub sizes: Vec<SizeEntry>,
}

/// One size of one run, cold starts set aside. Costs are kept as inputs, so that a change of prices
/// is not a change of the model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SizeEntry {
    /// The size.
    pub memory_mb: MemoryMb,
    /// Warm calls.
    pub calls: u32,
    /// 50th percentile of latency.
    pub p50_ms: f64,
    /// 90th percentile of latency.
    pub p90_ms: f64,
    /// 95th percentile of latency.
    pub p95_ms: f64,
    /// 99th percentile of latency.
    pub p99_ms: f64,
    /// Mean latency.
    pub mean_ms: f64,
    /// Standard error of the mean, relative.
    pub mean_standard_error: f64,
    /// Cold starts set aside.
    pub cold_starts: u32,
    /// Billed time by CloudWatch, where it was complete.
    pub cloudwatch_latency_ms: Option<f64>,
    /// Mean bytes of a request.
    pub request_bytes: f64,
    /// Mean bytes of a response.
    pub response_bytes: f64,
    /// The slowest 5 %, where single calls were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest: Option<SlowestEntry>,
    /// The same calls by the server's clock, where `CloudWatch` published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerEntry>,
}

/// The slowest 5 % of the warm calls of one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SlowestEntry {
    /// Their mean latency.
    pub mean_ms: f64,
    /// Standard error of that mean, relative.
    pub standard_error: f64,
}

impl SizeEntry {
    fn of(size: &SizeSummary, basis: CostBasis) -> Self {
        let cloudwatch = match basis {
            CostBasis::CloudWatch => Some(size.cost.average_latency.get()),
            CostBasis::ClientLatency => None,
        };
        Self {
            memory_mb: size.memory_mb,
            calls: whole(size.warm().count),
            p50_ms: size.warm().p50.get(),
            p90_ms: size.warm().p90.get(),
            p95_ms: size.warm().p95.get(),
            p99_ms: size.warm().p99.get(),
            mean_ms: size.warm().mean.get(),
            mean_standard_error: size.warm().mean_standard_error.get(),
            cold_starts: whole(size.cold_start_count()),
            cloudwatch_latency_ms: cloudwatch,
            request_bytes: size.request_bytes,
            response_bytes: size.response_bytes,
            slowest: size.warm().slowest.map(|it| SlowestEntry {
                mean_ms: it.mean.get(),
                standard_error: it.standard_error.get(),
            }),
            server: size.metrics.as_ref().and_then(ServerEntry::of),
        }
    }
}

fn whole(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Entry {
    /// The entry of a run. Epoch and branch are set when it is added to a history.
    pub fn new(run: &RunResult, analysis: &Analysis, recommended: MemoryMb) -> Self {
        Self {
            run_id: run.run_id.clone(),
            commit: run.commit.clone(),
            branch: None,
            at: run.finished_at,
            epoch: 1,
            key: Key::of(run, analysis),
            recommended_memory_mb: recommended,
            prices: Some(analysis.prices.of_calls()),
            sizes: analysis
                .sizes
                .iter()
                .map(|size| SizeEntry::of(size, analysis.cost_basis))
                .collect(),
        }
    }

    /// Whether both are of one measurement. A run of CI may hold several: other regions, other
    /// samples, other strategies, and the same once more.
    fn is_of_measurement(&self, other: &Self) -> bool {
        self.run_id == other.run_id && self.at == other.at && self.key.is_like(&other.key)
    }

    /// The numbers of a size.
    pub fn size(&self, memory_mb: MemoryMb) -> Option<&SizeEntry> {
        self.sizes.iter().find(|size| size.memory_mb == memory_mb)
    }
}

/// Whose runs a history is made of: what texts call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Those of a branch, whose name may be unknown.
    Branch(Option<BranchName>),
    /// Other results, which were named one by one.
    Results,
    /// A model that was measured in turn with the one that is judged.
    Reference(MeasuredInTurn),
}

/// A reference, for texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredInTurn {
    /// The model as it was given: name, image or ARN. Untrusted.
    pub model: String,
    /// How often each size was measured.
    pub rounds: u32,
    /// The branch whose model it is, where known.
    pub branch: Option<BranchName>,
}

impl Default for Origin {
    fn default() -> Self {
        Self::Branch(None)
    }
}

impl Origin {
    /// Name of the branch, for texts: "main" where it is not known, `None` where no runs of a
    /// branch are compared with. Untrusted.
    pub fn branch_name(&self) -> Option<&str> {
        match self {
            Self::Branch(name) => Some(name.as_ref().map_or("main", BranchName::as_str)),
            Self::Results | Self::Reference(_) => None,
        }
    }

    /// The reference that was measured in turn, where that is what is compared with.
    pub const fn reference(&self) -> Option<&MeasuredInTurn> {
        match self {
            Self::Reference(it) => Some(it),
            Self::Branch(_) | Self::Results => None,
        }
    }
}

/// The runs of one model on one branch, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Whose runs these are.
    origin: Origin,
    entries: Vec<Entry>,
    /// The default branch's runs, which stand in where this branch has none that are alike.
    stand_in: Option<Box<Self>>,
}

/// Runs that count as one.
pub(super) type Group<'a> = Vec<&'a Entry>;

impl History {
    /// The same runs as results that were named one by one.
    #[must_use]
    pub fn of_results(self) -> Self {
        Self {
            origin: Origin::Results,
            ..self
        }
    }

    /// The history that a reference is, which is never stored.
    pub(super) fn of_reference(origin: Origin, entry: Option<Entry>) -> Self {
        Self {
            origin,
            entries: entry.into_iter().collect(),
            stand_in: None,
        }
    }

    /// Whose runs these are.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Every entry, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The newest entry of the branch.
    pub fn newest(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// The branch, where known.
    pub const fn branch(&self) -> Option<&BranchName> {
        match &self.origin {
            Origin::Branch(name) => name.as_ref(),
            Origin::Results | Origin::Reference(_) => None,
        }
    }

    /// The runs that decide about one of this key: the branch's own if any is alike, else the
    /// default branch's if any is, else those that say what differs. `None` when there are none at
    /// all.
    pub(super) fn deciding(&self, key: &Key) -> Option<&Self> {
        let all = || std::iter::once(self).chain(self.stand_in.as_deref());
        let has_alike = |it: &&Self| it.alike(key).next().is_some();
        let has_any = |it: &&Self| it.newest().is_some();
        all().find(has_alike).or_else(|| all().find(has_any))
    }

    fn alike<'a>(&'a self, key: &'a Key) -> impl DoubleEndedIterator<Item = &'a Entry> {
        self.entries.iter().filter(|entry| entry.key.is_like(key))
    }

    /// The entry whose key differs least, of several the newest.
    pub(super) fn most_alike(&self, key: &Key) -> Option<&Entry> {
        let newest_first = self.entries.iter().rev();
        newest_first.min_by_key(|entry| {
            let is_elsewhere = entry.key.region != key.region;
            (is_elsewhere, entry.key.differences(key).len())
        })
    }

    /// Adds a run to its epoch, or starts a new one with it. A measurement that is already there is
    /// replaced, so that recording twice is harmless.
    pub fn append(&mut self, mut entry: Entry, epoch: Epoch) {
        // A run that is recorded again was judged against itself: it stays where it was.
        let recorded = self
            .entries
            .iter()
            .find(|old| old.is_of_measurement(&entry))
            .map(|old| old.epoch);
        entry.epoch = recorded.unwrap_or_else(|| self.epoch_for(&entry, epoch));
        entry.branch = self.branch().cloned();
        let key = entry.key.clone();
        self.entries.retain(|old| !old.is_of_measurement(&entry));
        self.entries.push(entry);
        self.entries.sort_by_key(|entry| entry.at);
        self.keep_newest(KEPT_RUNS, |entry| entry.key.is_like(&key));
        self.keep_newest(KEPT_RUNS_OF_REGION, |entry| entry.key.region == key.region);
    }

    /// Drops the oldest of some entries until this many are left of them.
    fn keep_newest(&mut self, kept: usize, is_one: impl Fn(&Entry) -> bool) {
        let count = self.entries.iter().filter(|entry| is_one(entry)).count();
        let mut surplus = count.saturating_sub(kept);
        self.entries.retain(|entry| {
            let goes = surplus > 0 && is_one(entry);
            surplus -= usize::from(goes);
            !goes
        });
    }

    /// The epoch of a run that is not recorded yet. Each key has its own epochs; a run that is
    /// recorded late joins the epoch in which it was measured.
    fn epoch_for(&self, entry: &Entry, epoch: Epoch) -> u32 {
        let alike = || self.alike(&entry.key);
        match epoch {
            Epoch::New => {
                let newest = alike().map(|old| old.epoch).max();
                newest.map_or(1, |newest| newest + 1)
            }
            Epoch::Same => {
                let before = alike().rfind(|old| old.at <= entry.at);
                before.or_else(|| alike().next()).map_or(1, |old| old.epoch)
            }
        }
    }

    /// The runs to compare with: same key as `key`, newest epoch, at most ten groups, at most 60
    /// days older than the newest. Oldest first.
    pub(super) fn comparable(&self, key: &Key) -> Vec<Group<'_>> {
        let alike: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| entry.key.is_like(key))
            .collect();
        let Some(newest) = alike.last() else {
            return Vec::new();
        };
        let recent = alike.iter().copied().filter(|entry| {
            entry.epoch == newest.epoch && newest.at.duration_since(entry.at) <= WINDOW
        });
        let mut groups = group(recent);
        let surplus = groups.len().saturating_sub(MAX_RUNS);
        groups.drain(..surplus);
        groups
    }

    /// The oldest run of the newest epoch with the same key, however long ago.
    pub(super) fn oldest_of_epoch(&self, key: &Key) -> Option<&Entry> {
        let alike = || self.entries.iter().filter(|entry| entry.key.is_like(key));
        let epoch = alike().next_back()?.epoch;
        alike().find(|entry| entry.epoch == epoch)
    }

    /// The runs with the same key, grouped, by epoch: what the run-to-run noise is estimated from.
    pub(super) fn by_epoch(&self, key: &Key) -> Vec<Vec<Group<'_>>> {
        let mut epochs: BTreeMap<u32, Vec<&Entry>> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.key.is_like(key)) {
            epochs.entry(entry.epoch).or_default().push(entry);
        }
        epochs
            .into_values()
            .map(|entries| group(entries.into_iter()))
            .collect()
    }
}

/// When a run counts beside those of a group.
pub(super) fn next_counts_from(group: &Group<'_>) -> Option<Timestamp> {
    group.first().map(|first| first.at + SAME_RUN)
}

/// Joins neighbours that are less than six hours apart.
fn group<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for entry in entries {
        match groups.last_mut() {
            Some(group)
                if group
                    .first()
                    .is_some_and(|first| entry.at.duration_since(first.at) < SAME_RUN) =>
            {
                group.push(entry);
            }
            Some(_) | None => groups.push(vec![entry]),
        }
    }
    groups
}

#[cfg(test)]
mod tests;
