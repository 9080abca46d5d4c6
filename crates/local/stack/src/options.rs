//! The command line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use lexopt::prelude::{Long, Short, Value};

/// What `--help` prints.
pub const HELP: &str = "\
Runs the stack of infra/infra.yaml on this machine, uploads the images named, prints what was
recognised and where the thumbnails are, and serves until Ctrl-C.

Usage: cargo run --release -- [OPTIONS] [IMAGE]...

Options:
      --api-port PORT         port of the API, 0 for any that is free [default: 8080]
      --aws-port PORT         port of S3, DynamoDB, SQS and Rekognition, 0 for any [default: 4566]
      --template PATH         the template [default: infra/infra.yaml]
      --parameter NAME=VALUE  a parameter of the template; may be repeated, and goes before those of
                              infra/parameters.local.json
      --data DIR              where data is kept between runs [default: .local-stack]
      --ephemeral             keep nothing
      --artifacts DIR         run the zips in DIR instead of building the functions
  -h, --help                  print this
";

/// Where a stack keeps its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In a folder.
    Kept(PathBuf),
    /// Nowhere.
    Ephemeral,
}

/// How to run a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Pictures to upload at the start.
    pub images: Vec<PathBuf>,
    /// 0 for any free one.
    pub api_port: u16,
    /// 0 for any free one.
    pub aws_port: u16,
    /// The template; `None` is the repository's.
    pub template: Option<PathBuf>,
    /// Goes before those of the parameters file.
    pub parameters: BTreeMap<String, String>,
    /// Where data is kept.
    pub data: Data,
    /// Zips to run.
    pub artifacts: Option<PathBuf>,
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
        }
    }
}

impl Options {
    /// Reads arguments; `None` asks for [`HELP`].
    ///
    /// # Errors
    /// What is wrong with which argument.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Option<Self>> {
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
                Long("help") | Short('h') => return Ok(None),
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
        Ok(Some(options))
    }
}

fn port(name: &str, value: &OsString) -> anyhow::Result<u16> {
    let text = value.to_string_lossy();
    text.parse()
        .with_context(|| format!("{name} {text}: must be a number from 0 to 65535"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>, String> {
        Options::read(line.split_whitespace().map(OsString::from))
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn images_and_options_mix() {
        let options = read(
            "a.jpg --api-port 0 --parameter MaxLabels=5 --parameter CorsOrigin=https://a=b b.png",
        );
        let options = options.unwrap().unwrap();
        assert_eq!(
            options.images,
            [PathBuf::from("a.jpg"), PathBuf::from("b.png")]
        );
        assert_eq!(options.api_port, 0);
        assert_eq!(options.aws_port, 4566);
        assert_eq!(options.parameters["CorsOrigin"], "https://a=b");
        assert_eq!(options.data, Data::Kept(".local-stack".into()));
        assert_eq!(read("--help a.jpg").unwrap(), None);
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
            ("--port 1", "invalid option '--port'"),
            ("--template", "missing argument for option '--template'"),
        ] {
            assert_eq!(read(line).unwrap_err(), message);
        }
    }
}
