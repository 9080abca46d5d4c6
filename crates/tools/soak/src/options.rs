//! The command line.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;

use anyhow::Context as _;
use lexopt::prelude::{Long, Short, Value};

/// What `--help` prints.
pub const HELP: &str = "\
Uploads, overwrites and deletes images on a stack of its own, while calls of its services fail and
its functions and the stack itself are killed; then checks that every image is done or failed with
a reason, and that nothing is left of deleted ones. An interrupted run continues where it was.

Usage: cargo run --release -p soak -- [OPTIONS]

Options:
      --changes N           uploads and deletions [default: 100000]
      --parallel N          of them at a time [default: 16]
      --analyzed PERCENT    uploads that are large enough to be analyzed [default: 2]
      --new PERCENT         uploads of a new key; of the others, one in six is a deletion [default: 70]
      --stack-kills N       the stack is killed with SIGKILL so many times [default: 20]
      --function-kills N    a process of a function is killed so many times [default: 200]
      --faults PERCENT      calls of functions that are throttled, fail, are slow, or fail after their
                            work was done; so many events are doubled, four times as many late
                            [default: 5]
      --fault-service NAME  only calls of this service (rekognition), and no events
      --concurrency N       processes of each function at a time: a call that fails or is slow keeps its
                            process waiting [default: 50]
      --rekognition-rate N  DetectLabels calls served per second [default: unlimited]
      --data DIR            the stack's data and this command's progress [default: target/soak]
      --seed N              another seed, other changes and other faults [default: 1]
  -h, --help                print this
";

/// The options of a soak test.
#[derive(Debug, Clone)]
pub struct Options {
    pub changes: u64,
    pub parallel: usize,
    pub analyzed_percent: u64,
    pub new_percent: u64,
    pub stack_kills: u64,
    pub function_kills: u64,
    pub fault_percent: u64,
    pub fault_service: Option<String>,
    pub concurrency: u64,
    pub rekognition_rate: Option<NonZeroU32>,
    pub data: PathBuf,
    pub seed: u64,
    /// Whether this process is the stack.
    pub is_stack: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            changes: 100_000,
            parallel: 16,
            analyzed_percent: 2,
            new_percent: 70,
            stack_kills: 20,
            function_kills: 200,
            fault_percent: 5,
            fault_service: None,
            concurrency: 50,
            rekognition_rate: None,
            data: PathBuf::from("target/soak"),
            seed: 1,
            is_stack: false,
        }
    }
}

impl Options {
    /// Reads arguments; `None` asks for [`HELP`].
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Option<Self>> {
        let mut options = Self::default();
        let mut arguments = lexopt::Parser::from_args(arguments);
        while let Some(argument) = arguments.next()? {
            let name = match argument {
                Long(name) => name.to_owned(),
                Short('h') => return Ok(None),
                Value(word) if word == "stack" => {
                    options.is_stack = true;
                    continue;
                }
                other => return Err(other.unexpected().into()),
            };
            if name == "help" {
                return Ok(None);
            }
            let value = arguments.value()?;
            let text = value.to_str().context("arguments must be UTF-8")?;
            let number = || {
                text.parse::<u64>()
                    .with_context(|| format!("--{name} {text}: must be a whole number"))
            };
            match name.as_str() {
                "changes" => options.changes = number()?,
                "parallel" => options.parallel = usize::try_from(number()?)?.max(1),
                "analyzed" => options.analyzed_percent = number()?,
                "new" => options.new_percent = number()?,
                "stack-kills" => options.stack_kills = number()?,
                "function-kills" => options.function_kills = number()?,
                "faults" => options.fault_percent = number()?,
                "concurrency" => options.concurrency = number()?,
                "fault-service" => options.fault_service = Some(text.to_owned()),
                "rekognition-rate" => {
                    options.rekognition_rate = Some(text.parse().with_context(|| {
                        format!("--rekognition-rate {text}: must be a positive number")
                    })?);
                }
                "data" => options.data = PathBuf::from(text),
                "seed" => options.seed = number()?,
                _ => anyhow::bail!("invalid option '--{name}'"),
            }
        }
        Ok(Some(options))
    }

    /// The arguments with which this program is the stack.
    pub fn stack_arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            "stack".to_owned(),
            "--data".to_owned(),
            self.data.to_string_lossy().into_owned(),
            "--seed".to_owned(),
            self.seed.to_string(),
            "--faults".to_owned(),
            self.fault_percent.to_string(),
            "--concurrency".to_owned(),
            self.concurrency.to_string(),
        ];
        if let Some(service) = &self.fault_service {
            arguments.extend(["--fault-service".to_owned(), service.clone()]);
        }
        if let Some(rate) = self.rekognition_rate {
            arguments.extend(["--rekognition-rate".to_owned(), rate.to_string()]);
        }
        arguments
    }
}
