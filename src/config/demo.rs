//! The runs of `demo`: those that a user would type.

use std::path::Path;

use clap::Parser as _;

use super::args::{Cli, Mode};
use super::command::{Command, Run};
use super::gate::Baseline;
use super::measurement::{Output, SamplesSource};
use crate::baseline::BaselineUri;
use crate::benchmark::ModelSource;

/// A run with every flag at its default.
const TYPED: [&str; 4] = ["sagegate", "run", "--model-name=demo", "--samples=demo"];

impl Run {
    /// A run of the model `name` with these samples and this baseline, every flag at its default.
    pub fn of_demo(name: &str, samples: &Path, baseline: &Path) -> Self {
        let mut run = default_run();
        name.clone_into(&mut run.measurement.name);
        run.measurement.samples = SamplesSource::At {
            path: samples.to_owned(),
            content_type: None,
            limit: None,
        };
        run.gate.baseline = Baseline::at(BaselineUri::file(baseline));
        run
    }

    /// The same run of another build, with files in another folder.
    #[must_use]
    pub fn with(mut self, model: &str, mode: Mode, folder: &Path) -> Self {
        self.measurement.model = ModelSource::Existing(model.to_owned());
        self.gate.mode = mode;
        self.output = Output::New(folder.to_owned());
        self
    }
}

#[expect(clippy::panic, reason = "the words are fixed, and a test parses them")]
fn default_run() -> Run {
    let parsed = Cli::try_parse_from(TYPED).map(|cli| cli.command);
    match parsed.map(Command::try_from) {
        Ok(Ok(Command::Run(run))) => *run,
        other => panic!("{TYPED:?} is not a run: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_a_run() {
        let run = Run::of_demo("xgboost", Path::new("s"), Path::new("b"));
        assert_eq!(run.measurement.name, "xgboost");
        assert_eq!(
            run.gate.baseline.uri(true),
            BaselineUri::file(Path::new("b"))
        );
    }
}
