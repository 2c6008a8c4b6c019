//! Names and tags of everything a run creates, known before the first call.

use sha2::{Digest as _, Sha256};

use crate::text::hex;
use crate::units::MemoryMb;

/// Every resource name starts with this: IAM policies and the clean-up rely on it.
pub(super) const PREFIX: &str = "sagegate-";

/// Tag that holds the run id.
pub(super) const TAG_RUN: &str = "sagegate:run";

/// Longest run id, so that every name stays within `SageMaker`'s 63 characters.
const MAX_RUN_ID: usize = 40;

/// What every name of one run and one model begins with, and the name of a model created for the
/// run: `sagegate-<run id>-<hash of the model's alias>`.
///
/// The hash lets the jobs of a matrix, which share a run id, work side by side.
pub(super) fn stem(run_id: &str, alias: &str) -> String {
    format!("{PREFIX}{run_id}-{}", alias_hash(alias))
}

/// Name of the stability benchmark's endpoint, and of its endpoint config, for one memory size:
/// `<stem>-m2048`.
pub(super) fn memory_endpoint(stem: &str, memory_mb: MemoryMb) -> String {
    format!("{stem}-m{}", memory_mb.get())
}

/// Name of the endpoint, and of its endpoint config, that measures a memory size a second time:
/// `<stem>-m2048b`.
pub(super) fn second_endpoint(stem: &str, memory_mb: MemoryMb) -> String {
    format!("{stem}-m{}b", memory_mb.get())
}

/// Name of the concurrency benchmark's endpoint, and of its endpoint config: `<stem>-c8`.
pub(super) fn load_endpoint(stem: &str, max_concurrency: u32) -> String {
    format!("{stem}-c{max_concurrency}")
}

/// A name that fits the same IAM policies and that nothing ever has: `<stem>-absent`.
pub(super) fn absent(stem: &str) -> String {
    format!("{stem}-absent")
}

/// Run id from a CI run and its attempt, or from a random number elsewhere; only letters, digits
/// and hyphens survive.
pub fn run_id(ci_run: Option<(&str, &str)>, random: u64) -> String {
    let raw = match ci_run {
        Some((run, attempt)) => format!("{run}-{attempt}"),
        None => format!("local{random:012x}"),
    };
    let clean: String = raw
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(MAX_RUN_ID)
        .collect();
    clean.trim_matches('-').to_lowercase()
}

/// The run id of one of several runs of a command.
pub fn numbered(run_id: &str, number: u32) -> String {
    let suffix = format!("-{number}");
    let kept: String = run_id.chars().take(MAX_RUN_ID - suffix.len()).collect();
    format!("{}{suffix}", kept.trim_end_matches('-'))
}

/// Whether text is a run id as [`run_id`] makes them: at most 40 lower-case letters, digits and
/// hyphens.
pub fn is_run_id(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=MAX_RUN_ID).contains(&text.len()) && text.chars().all(is_part)
}

/// The run of a processing job or of a model created for a run, by its name; `None` for a name that
/// no run gives.
pub fn run_of(name: &str) -> Option<&str> {
    let (run_id, _alias_hash) = name.strip_prefix(PREFIX)?.rsplit_once('-')?;
    Some(run_id).filter(|run_id| is_of_run(name, run_id))
}

/// Whether a run may have given this name: `sagegate-<run id>-<rest>`, at most 63 letters, digits
/// and inner hyphens.
pub(super) fn is_of_run(name: &str, run_id: &str) -> bool {
    let rest = name.strip_prefix(PREFIX);
    let rest = rest.and_then(|it| it.strip_prefix(run_id)?.strip_prefix('-'));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    name.len() <= 63
        && is_run_id(run_id)
        && rest.is_some_and(|it| !it.is_empty() && !it.ends_with('-') && it.chars().all(is_part))
}

fn alias_hash(alias: &str) -> String {
    hex(&Sha256::digest(alias)).chars().take(6).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(run_id: &str, alias: &str) -> String {
        memory_endpoint(&stem(run_id, alias), MemoryMb::OFFERED[1])
    }

    #[test]
    fn a_ci_run_gives_the_same_names_again_and_another_attempt_gives_others() {
        let first = name(&run_id(Some(("1842", "1")), 0), "churn");
        assert_eq!(first, "sagegate-1842-1-88b207-m2048");
        assert_ne!(first, name(&run_id(Some(("1842", "2")), 0), "churn"));
        assert_ne!(first, name(&run_id(Some(("1842", "1")), 0), "fraud"));
        assert_eq!(
            load_endpoint("sagegate-1842-1-88b207", 8),
            "sagegate-1842-1-88b207-c8"
        );
    }

    #[test]
    fn runs_of_one_command_are_numbered_and_stay_short() {
        assert_eq!(numbered("1842-1", 3), "1842-1-3");
        assert_eq!(numbered(&"x".repeat(40), 12).len(), 40);
    }

    #[test]
    fn the_run_of_a_job_is_in_its_name() {
        assert_eq!(run_of(&stem("1842-1", "churn")), Some("1842-1"));
        for name in [
            "production",
            "sagegate-x",
            "sagegate-A-1",
            "sagegate-1842-1-",
        ] {
            assert_eq!(run_of(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_of_another_run_or_with_other_characters_is_not_of_the_run() {
        assert!(is_of_run("sagegate-1842-1-88b207-m2048", "1842-1"));
        for name in [
            "production",
            "sagegate-1842-1",
            "sagegate-1842-1-",
            "sagegate-1842-10-88b207",
            "sagegate-1842-1-x-",
            "sagegate-1842-1-\u{1b}[31m",
            "Sagegate-1842-1-88b207",
        ] {
            assert!(!is_of_run(name, "1842-1"), "{name:?}");
        }
        let long = format!("sagegate-1842-1-{}", "x".repeat(48));
        assert!(!is_of_run(&long, "1842-1"));
        assert!(!is_of_run("sagegate-../*-x", "../*"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn every_name_is_valid_for_sagemaker(run in ".{0,80}", alias in ".*", random: u64, ci: bool) {
            let id = run_id(ci.then_some((run.as_str(), "12")), random);
            let stem = stem(&id, &alias);
            for name in [memory_endpoint(&stem, MemoryMb::OFFERED[5]), load_endpoint(&stem, 200), absent(&stem), stem.clone()] {
                prop_assert!(name.len() <= 63, "{name}");
                prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
                prop_assert!(!name.ends_with('-'));
                prop_assert!(id.is_empty() || is_of_run(&name, &id), "{name}");
            }
        }
    }
}
