//! The command line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail};
pub use api_gateway::PathParameters;
use lexopt::prelude::{Long, Short, Value};

use crate::function_calls::Faults;

/// What `--version` prints.
pub const VERSION: &str = concat!("local-stack ", env!("CARGO_PKG_VERSION"), "\n");

/// What `--help` prints.
pub const HELP: &str = "\
Runs the stack of infra/infra.yaml on this machine, uploads the images named, prints their labels
and the URLs of their thumbnails, and serves until Ctrl-C.

Usage: cargo run --release -- [OPTIONS] [IMAGE]...

Options:
      --api-port PORT         port of the API, 0 for any that is free [default: 8080]
      --aws-port PORT         port of S3, DynamoDB, SQS and the other services, 0 for any that is free
                              [default: 4566]
      --template PATH         the template [default: infra/infra.yaml]
      --parameter NAME=VALUE  a parameter of the template; may be repeated, and takes precedence over
                              infra/parameters.local.json
      --data DIR              where data is kept between runs [default: .local-stack]
      --ephemeral             keep nothing
      --artifacts DIR         run the zips in DIR instead of building the functions
      --rekognition-rate N    DetectLabels calls served per second; more are throttled as Rekognition
                              throttles them [default: unlimited]
      --latency MS            milliseconds added to every call of a service by a function [default: 0]
      --path-parameters HOW   how path parameters reach S3, which AWS documents differently from what
                              was recorded: decoded, as-sent [default: decoded]
      --allow-origin ORIGIN   a web page of ORIGIN may call this machine; may be repeated. Pages of
                              loopback addresses may always
  -q, --quiet                 log only warnings and errors; RUST_LOG, if it is set, decides instead
  -h, --help                  print this
  -V, --version               print the version
";

/// Where a stack stores its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In a folder, between runs.
    Kept(PathBuf),
    /// In a temporary folder, which is deleted at the end.
    Ephemeral,
}

/// How to run a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Images to upload at the start.
    pub images: Vec<PathBuf>,
    /// 0 picks a free port.
    pub api_port: u16,
    /// 0 picks a free port.
    pub aws_port: u16,
    /// The template; `None` is the repository's.
    pub template: Option<PathBuf>,
    /// Take precedence over those of the parameters file.
    pub parameters: BTreeMap<String, String>,
    /// Where data is stored.
    pub data: Data,
    /// The folder of the zips to run; `None` builds the functions.
    pub artifacts: Option<PathBuf>,
    /// `DetectLabels` calls served per second; `None` is unlimited.
    pub rekognition_rate: Option<NonZeroU32>,
    /// Added to every call of a service by a function.
    pub latency: Duration,
    /// How path parameters reach a back end's URI.
    pub path_parameters: PathParameters,
    /// Origins, in addition to loopback addresses, whose pages may call this machine.
    pub allowed_origins: Vec<String>,
    /// Whether only warnings and errors are logged.
    pub quiet: bool,
    /// Faults of the services that functions call; for tests, there is no option for it.
    pub faults: Option<Box<Faults>>,
}

/// What the arguments ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Run a stack.
    Run(Options),
    /// Print [`HELP`].
    Help,
    /// Print [`VERSION`].
    Version,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            images: Vec::new(),
            api_port: 8080,
            aws_port: 4566,
            template: None,
            parameters: BTreeMap::new(),
            data: Data::Kept(PathBuf::from(".local-stack")),
            artifacts: None,
            rekognition_rate: None,
            latency: Duration::ZERO,
            path_parameters: PathParameters::default(),
            allowed_origins: Vec::new(),
            quiet: false,
            faults: None,
        }
    }
}

impl Options {
    /// Reads arguments.
    ///
    /// # Errors
    /// The argument that is wrong, and why.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Command> {
        let mut options = Self::default();
        let mut data = None;
        let mut ephemeral = false;
        let mut arguments = lexopt::Parser::from_args(arguments);
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("api-port") => options.api_port = port("--api-port", &arguments.value()?)?,
                Long("aws-port") => options.aws_port = port("--aws-port", &arguments.value()?)?,
                Long("template") => options.template = Some(arguments.value()?.into()),
                Long("parameter") => {
                    let text = arguments.value()?;
                    let text = text.to_str().context("--parameter must be UTF-8")?;
                    let Some((name, value)) = text.split_once('=') else {
                        bail!("--parameter {text}: must be NAME=VALUE");
                    };
                    options.parameters.insert(name.to_owned(), value.to_owned());
                }
                Long("data") => data = Some(PathBuf::from(arguments.value()?)),
                Long("ephemeral") => ephemeral = true,
                Long("artifacts") => options.artifacts = Some(arguments.value()?.into()),
                Long("rekognition-rate") => {
                    options.rekognition_rate = Some(parsed(
                        "--rekognition-rate",
                        &arguments.value()?,
                        "a number from 1",
                    )?);
                }
                Long("latency") => {
                    let milliseconds: u32 =
                        parsed("--latency", &arguments.value()?, "a number of milliseconds")?;
                    options.latency = Duration::from_millis(milliseconds.into());
                }
                Long("path-parameters") => {
                    options.path_parameters = path_parameters(&arguments.value()?)?;
                }
                Long("allow-origin") => {
                    options.allowed_origins.push(origin(&arguments.value()?)?);
                }
                Long("quiet") | Short('q') => options.quiet = true,
                Long("help") | Short('h') => return Ok(Command::Help),
                Long("version") | Short('V') => return Ok(Command::Version),
                Value(image) => options.images.push(image.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        options.data = match (data, ephemeral) {
            (Some(_), true) => bail!("--data and --ephemeral exclude each other"),
            (Some(folder), false) => Data::Kept(folder),
            (None, true) => Data::Ephemeral,
            (None, false) => options.data,
        };
        Ok(Command::Run(options))
    }
}

fn port(name: &str, value: &OsString) -> anyhow::Result<u16> {
    parsed(name, value, "a number from 0 to 65535")
}

/// Parses the value of option `name`; `expected` completes "must be …".
fn parsed<T>(name: &str, value: &OsString, expected: &str) -> anyhow::Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let value = value.to_string_lossy();
    value
        .parse()
        .with_context(|| format!("{name} {value}: must be {expected}"))
}

fn path_parameters(value: &OsString) -> anyhow::Result<PathParameters> {
    match value.to_string_lossy().as_ref() {
        "decoded" => Ok(PathParameters::Decoded),
        "as-sent" => Ok(PathParameters::AsSent),
        other => bail!("--path-parameters {other}: must be decoded or as-sent"),
    }
}

/// An origin as browsers send it: `https://example.com:8443`, in lower case, without a path.
fn origin(value: &OsString) -> anyhow::Result<String> {
    let value = value.to_string_lossy();
    let uri: http::Uri = value
        .parse()
        .with_context(|| format!("--allow-origin {value}: must be SCHEME://HOST[:PORT]"))?;
    if uri.scheme().is_none()
        || uri.authority().is_none()
        || uri.path() != "/"
        || uri.query().is_some()
    {
        bail!("--allow-origin {value}: must be SCHEME://HOST[:PORT]");
    }
    Ok(value.trim_end_matches('/').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, String> {
        Options::read(line.split_whitespace().map(OsString::from))
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn images_and_options_mix() {
        let Command::Run(options) = read(
            "a.jpg --api-port 0 --parameter MaxLabels=5 --parameter StageName=a=b --latency 20 \
             --allow-origin HTTPS://Example.com:8443/ --rekognition-rate 5 -q b.png",
        )
        .unwrap() else {
            panic!("a stack to run");
        };
        assert_eq!(
            options.images,
            [PathBuf::from("a.jpg"), PathBuf::from("b.png")]
        );
        assert_eq!(options.api_port, 0);
        assert_eq!(options.aws_port, 4566);
        assert_eq!(options.parameters["StageName"], "a=b");
        assert_eq!(options.latency, Duration::from_millis(20));
        assert_eq!(options.rekognition_rate.map(NonZeroU32::get), Some(5));
        assert_eq!(options.allowed_origins, ["https://example.com:8443"]);
        assert!(options.quiet);
        assert_eq!(options.data, Data::Kept(".local-stack".into()));
        assert_eq!(read("--help a.jpg").unwrap(), Command::Help);
        assert_eq!(read("--version").unwrap(), Command::Version);
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (line, message) in [
            (
                "--api-port x",
                "--api-port x: must be a number from 0 to 65535: invalid digit found in string",
            ),
            (
                "--parameter MaxLabels",
                "--parameter MaxLabels: must be NAME=VALUE",
            ),
            (
                "--data d --ephemeral",
                "--data and --ephemeral exclude each other",
            ),
            (
                "--rekognition-rate 0",
                "--rekognition-rate 0: must be a number from 1: number would be zero for non-zero type",
            ),
            (
                "--latency -1",
                "--latency -1: must be a number of milliseconds: invalid digit found in string",
            ),
            (
                "--path-parameters raw",
                "--path-parameters raw: must be decoded or as-sent",
            ),
            (
                "--allow-origin example.com",
                "--allow-origin example.com: must be SCHEME://HOST[:PORT]",
            ),
            ("--port 1", "invalid option '--port'"),
            ("--template", "missing argument for option '--template'"),
        ] {
            assert_eq!(read(line).unwrap_err(), message);
        }
    }
}
