//! Arguments of commands that have no combination to check: they become commands as they are.

use super::args::{
    CleanupArgs, CollectArgs, CompareArgs, DemoArgs, HeaderArg, JobArgs, PostArgs, PricesArgs,
    RecordArgs, ReportArgs, SamplesArgs, SimulateArgs,
};
use super::command::{
    AfterStart, Against, Cleanup, Collect, Compare, Demo, Job, Leftovers, OfferFrom, Post, Prices,
    Record, Report, Samples, Simulate, SimulatedModels,
};
use super::gate::Gate;
use crate::benchmark::Selection;
use crate::samples::{Header, MakeOptions};

impl From<JobArgs> for Job {
    fn from(args: JobArgs) -> Self {
        Self {
            image_uri: args.image_uri_of_sagegate,
            role_arn: args.job_role_arn,
            s3_output: args.s3_output,
            instance_type: args.instance_type,
            instance_count: args.instance_count,
            timeout: args.job_timeout,
            then: if args.no_wait {
                AfterStart::Leave
            } else {
                AfterStart::Judge
            },
        }
    }
}

impl From<CollectArgs> for Collect {
    fn from(args: CollectArgs) -> Self {
        let judging = (&args.gate).into();
        Self {
            job: args.job,
            region: args.region,
            cleanup_timeout: args.cleanup_timeout,
            gate: Gate::new(args.mode, judging, args.baseline, &args.comment)
                .about(&args.pull_request),
            recommend: args.recommend.into(),
            output_dir: args.output.output_dir,
        }
    }
}

impl From<CompareArgs> for Compare {
    fn from(args: CompareArgs) -> Self {
        Self {
            result: args.result,
            against: if args.against.is_empty() {
                Against::Baseline(args.baseline.into())
            } else {
                Against::Results(args.against)
            },
            judging: (&args.gate).into(),
            recommend: args.recommend.into(),
            output_dir: args.output.output_dir,
        }
    }
}

impl From<RecordArgs> for Record {
    fn from(args: RecordArgs) -> Self {
        Self {
            result: args.result,
            baseline: args.baseline.into(),
            recommend: args.recommend.into(),
        }
    }
}

impl From<PostArgs> for Post {
    fn from(args: PostArgs) -> Self {
        let judging = (&args.gate).into();
        Self {
            result: args.result,
            name: args.name,
            gate: Gate::new(None, judging, args.baseline, &args.comment),
            recommend: args.recommend.into(),
            output_dir: args.output.output_dir,
        }
    }
}

impl From<ReportArgs> for Report {
    fn from(args: ReportArgs) -> Self {
        Self {
            result: args.result,
            recommend: args.recommend.into(),
            output_dir: args.output.output_dir,
        }
    }
}

impl From<SamplesArgs> for Samples {
    fn from(args: SamplesArgs) -> Self {
        Self {
            from: args.from,
            out: args.out,
            options: MakeOptions {
                header: match args.header {
                    HeaderArg::Auto => Header::Detected,
                    HeaderArg::Repeat => Header::Repeated,
                    HeaderArg::Drop => Header::Dropped,
                    HeaderArg::None => Header::Absent,
                },
                rows: args.rows,
                drop_columns: args.drop_columns,
                whole: args.whole,
                content_type: args.content_type,
                limit: args.limit,
            },
        }
    }
}

impl From<PricesArgs> for Prices {
    fn from(args: PricesArgs) -> Self {
        // The parser has made sure that there is one of them.
        let region = || OfferFrom::Region(args.region.unwrap_or_default());
        Self {
            from: args.from.map_or_else(region, OfferFrom::File),
            out: args.out,
        }
    }
}

impl From<CleanupArgs> for Cleanup {
    fn from(args: CleanupArgs) -> Self {
        let run = args.run.map(Selection::Run);
        let selection = run.or(args.older_than.map(Selection::OlderThan));
        let leftovers = match (args.ledger, selection) {
            (Some(path), _) => Leftovers::Ledger(path),
            (None, Some(selection)) if args.local => Leftovers::Machine { selection },
            (None, Some(selection)) => Leftovers::Account {
                selection,
                region: args.region,
            },
            (None, None) => Leftovers::Step {
                may_be_none: args.from_state,
            },
        };
        Self {
            leftovers,
            dry_run: args.dry_run,
            timeout: args.timeout,
        }
    }
}

impl From<DemoArgs> for Demo {
    fn from(args: DemoArgs) -> Self {
        Self {
            profile: args.profile,
            regressed: args.regressed,
            output_dir: args.output_dir,
        }
    }
}

impl From<SimulateArgs> for Simulate {
    fn from(args: SimulateArgs) -> Self {
        Self {
            port: args.port,
            models: if args.containers {
                SimulatedModels::Containers
            } else {
                SimulatedModels::Profile(args.profile)
            },
        }
    }
}
