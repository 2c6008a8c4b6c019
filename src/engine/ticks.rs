//! Time of this machine's processors.

/// Ticks of all processors together since the machine was started, as Linux counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticks {
    /// Stolen by the host.
    pub stolen: u64,
    /// In programs and in the kernel.
    pub busy: u64,
    /// In this program.
    pub own: u64,
    /// All, idle ones too.
    pub all: u64,
    /// How many processors have them.
    pub processors: u64,
}

impl Ticks {
    /// Reads `/proc/stat` and `/proc/self/stat`; `None` where the system has no such files.
    pub fn read() -> Option<Self> {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Self::of(&text("/proc/stat"), &text("/proc/self/stat"))
    }

    /// Source: <https://docs.kernel.org/filesystems/proc.html>, 1.8 and table 1-4.
    fn of(stat: &str, own: &str) -> Option<Self> {
        let mut lines = stat.lines();
        let words = lines.next()?.strip_prefix("cpu ")?.split_whitespace();
        // Time of guests, which follows, is counted in the first of them already.
        let ticks: Vec<u64> = words.take(8).filter_map(|it| it.parse().ok()).collect();
        let &[
            user,
            nice,
            system,
            _,
            _,
            interrupts,
            soft_interrupts,
            stolen,
        ] = ticks.as_slice()
        else {
            return None;
        };
        Some(Self {
            stolen,
            busy: user + nice + system + interrupts + soft_interrupts,
            own: own_ticks(own).unwrap_or_default(),
            all: ticks.iter().sum(),
            processors: lines.take_while(|it| it.starts_with("cpu")).count() as u64,
        })
    }

    /// What has passed since an earlier look; `None` where nothing has.
    #[must_use]
    pub fn since(&self, before: &Self) -> Option<Self> {
        Some(Self {
            stolen: self.stolen.saturating_sub(before.stolen),
            busy: self.busy.saturating_sub(before.busy),
            own: self.own.saturating_sub(before.own),
            all: self.all.checked_sub(before.all).filter(|it| *it > 0)?,
            processors: self.processors,
        })
    }

    /// So many ticks as a share of all.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub fn share(&self, ticks: u64) -> f64 {
        ticks as f64 / self.all as f64
    }
}

/// Time of this program, in itself and in the kernel. The second word, its name, may hold blanks.
fn own_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut times = after_name.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (times.next()?.parse().ok()?, times.next()?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_those_of_all_processors_and_of_this_program() {
        let before = Ticks::of(
            "cpu  100 0 50 800 10 0 5 35 7 0\ncpu0 1\ncpu1 1\nintr 5",
            "42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 20 5 0",
        )
        .unwrap();
        let expected = Ticks {
            stolen: 35,
            busy: 155,
            own: 25,
            all: 1000,
            processors: 2,
        };
        assert_eq!(before, expected);
        let now = Ticks::of("cpu  150 0 50 825 10 0 5 60 7 0\ncpu0 1", "").unwrap();
        let since = now.since(&before).unwrap();
        assert_eq!(
            (since.stolen, since.busy, since.own, since.all),
            (25, 50, 0, 100)
        );
        assert!((since.share(since.busy) - 0.5).abs() < 1e-12);
        assert_eq!(now.since(&now), None);
    }

    #[test]
    fn a_system_without_such_files_has_no_ticks() {
        for stat in [
            "",
            "cpu0 1 2 3 4 5 6 7 8",
            "cpu  1 2 3",
            "cpu  a b c d e f g h",
        ] {
            assert_eq!(Ticks::of(stat, ""), None, "{stat}");
        }
    }
}
