//! Names and tags of everything a run creates, known before the first call.

use crate::units::MemoryMb;

/// Every resource name starts with this: IAM policies and the clean-up rely on it.
pub(super) const PREFIX: &str = "sagegate-";

/// Tag that holds the run id.
pub(super) const TAG_RUN: &str = "sagegate:run";

/// Longest run id that is made, so that every name stays within `SageMaker`'s 63 characters.
const MAX_RUN_ID: usize = 32;
/// Longest run id of any version.
const LONGEST_RUN_ID: usize = 40;

/// Follows the stem in names of the reference.
const REFERENCE: &str = "-ref";

/// Letters and digits that tell the processes of one CI run apart.
const UNIQUE: u32 = 8;

/// What every name of one process begins with, and the name of a model created for the run:
/// `sagegate-<run id>-<unique>`.
///
/// Jobs of one workflow, the legs of a matrix and the commands of a job share a run id, and often
/// the model's name: no two may have a name in common.
pub(super) fn stem(run_id: &str, unique: &str) -> String {
    format!("{PREFIX}{run_id}-{unique}")
}

/// Eight letters and digits from a random number.
pub fn unique(random: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let digit = |position: u32| {
        let index = (random / 36_u64.pow(position)) % 36;
        let index = usize::try_from(index).unwrap_or_default();
        char::from(DIGITS.get(index).copied().unwrap_or(b'0'))
    };
    (0..UNIQUE).map(digit).collect()
}

/// What tells the process apart that gave this name, which is one of the run; `None` for a name
/// that no run of the id gives.
pub fn unique_of<'a>(name: &'a str, run_id: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(PREFIX)?.strip_prefix(run_id)?;
    rest.strip_prefix('-')?.split('-').next()
}

/// What every name of the reference of the same process begins with, and the name of a model
/// created as reference: `<stem>-ref`.
pub(super) fn reference_stem(stem: &str) -> String {
    format!("{stem}{REFERENCE}")
}

/// Whether an endpoint is one of the reference.
pub(super) fn is_of_reference(endpoint: &str, stem: &str) -> bool {
    let rest = endpoint.strip_prefix(&reference_stem(stem));
    rest.is_some_and(|it| it.starts_with('-'))
}

/// Name of the stability benchmark's endpoint, and of its endpoint config, for one memory size:
/// `<stem>-m2048`; in later rounds `<stem>-m2048r2`.
pub(super) fn memory_endpoint(stem: &str, memory_mb: MemoryMb, round: u32) -> String {
    let name = format!("{stem}-m{}", memory_mb.get());
    match round {
        1 => name,
        _ => format!("{name}r{round}"),
    }
}

/// Name of the endpoint, and of its endpoint config, that measures a memory size a second time,
/// which has one round: `<stem>-m2048b`.
pub(super) fn second_endpoint(stem: &str, memory_mb: MemoryMb, _: u32) -> String {
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

/// Whether text is a run id as [`run_id`] makes or made them: at most 40 lower-case letters, digits
/// and hyphens.
pub fn is_run_id(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=LONGEST_RUN_ID).contains(&text.len()) && text.chars().all(is_part)
}

/// The run of a processing job or of a model created for a run, by its name; `None` for a name that
/// no run gives.
pub fn run_of(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(REFERENCE).unwrap_or(name);
    let (run_id, _unique) = stem.strip_prefix(PREFIX)?.rsplit_once('-')?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_says_the_run_the_process_and_the_size() {
        let run = run_id(Some(("1842", "1")), 0);
        let (one, other) = (unique(123_456_789), unique(987_654_321));
        let name = |unique: &str| memory_endpoint(&stem(&run, unique), MemoryMb::OFFERED[1], 1);
        assert_eq!(name(&one), "sagegate-1842-1-9v3i1200-m2048");
        assert_ne!(name(&one), name(&other));
        assert_eq!(unique_of(&name(&one), &run), Some(one.as_str()));
        assert_eq!(unique_of(&name(&one), "1842-2"), None);
        let of_reference =
            memory_endpoint(&reference_stem(&stem(&run, &one)), MemoryMb::OFFERED[1], 3);
        assert_eq!(of_reference, "sagegate-1842-1-9v3i1200-ref-m2048r3");
        assert!(is_of_reference(&of_reference, &stem(&run, &one)));
        assert!(!is_of_reference(&name(&one), &stem(&run, &one)));
        assert_eq!(
            load_endpoint("sagegate-1842-1-9ixi1200", 8),
            "sagegate-1842-1-9ixi1200-c8"
        );
    }

    #[test]
    fn runs_of_one_command_are_numbered_and_stay_short() {
        assert_eq!(numbered("1842-1", 3), "1842-1-3");
        assert_eq!(numbered(&"x".repeat(40), 12).len(), 32);
    }

    #[test]
    fn the_run_of_a_job_is_in_its_name() {
        let stem = stem("1842-1", &unique(7));
        assert_eq!(run_of(&stem), Some("1842-1"));
        assert_eq!(run_of(&reference_stem(&stem)), Some("1842-1"));
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
        fn every_name_is_valid_for_sagemaker(run in ".{0,80}", random: u64, ci: bool) {
            let id = run_id(ci.then_some((run.as_str(), "12")), random);
            let stem = stem(&id, &unique(random));
            let reference = reference_stem(&stem);
            let largest = MemoryMb::OFFERED[5];
            for name in [
                memory_endpoint(&stem, largest, 1),
                memory_endpoint(&reference, largest, 20),
                second_endpoint(&reference, largest, 1),
                load_endpoint(&reference, 200),
                absent(&stem),
                reference,
                stem,
            ] {
                prop_assert!(name.len() <= 63, "{name}");
                prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
                prop_assert!(!name.ends_with('-'));
                prop_assert!(id.is_empty() || is_of_run(&name, &id), "{name}");
            }
        }
    }
}
