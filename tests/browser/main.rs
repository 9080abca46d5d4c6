//! The gallery page in a real browser: starts a stack for each mode of `ApiAuthorization`, and runs the Python tests
//! beside this file against them.
//!
//! They need Chromium or Chrome, Playwright's Python package and axe-core. `.ci/install-browser` installs all three; if
//! one of them is missing, the tests are skipped, and listed with the reason.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use local_stack::command_line::Data;
use local_stack::{Options, REGION, Stack};
use serde_json::{Value, json};

/// Names of the browser's executable, on Debian and on the agents of Azure Pipelines.
const BROWSERS: [&str; 4] = [
    "chromium",
    "google-chrome",
    "google-chrome-stable",
    "chromium-browser",
];

/// Each stack's name, and the credentials that it requires.
const STACKS: [(&str, &str); 5] = [
    ("open", "NONE"),
    ("many", "NONE"),
    ("pictures", "NONE"),
    ("key", "API_KEY"),
    ("iam", "AWS_IAM"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("browser: test");
        return ExitCode::SUCCESS;
    }
    let filters = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'));
    let mut filters = filters.peekable();
    if filters.peek().is_some() && !filters.any(|filter| "browser".contains(filter.as_str())) {
        return ExitCode::SUCCESS;
    }
    match Tools::find() {
        Ok(tools) => match run(&tools) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        },
        Err(missing) => {
            leave_out(&missing);
            ExitCode::SUCCESS
        }
    }
}

/// What the tests need in addition to the stacks.
struct Tools {
    browser: PathBuf,
    python: PathBuf,
    axe: PathBuf,
}

impl Tools {
    /// Finds them; the error says which one is missing.
    fn find() -> Result<Self, String> {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut folders = env::split_paths(&path);
        let browser = folders.find_map(|folder| {
            let executables = BROWSERS.iter().map(|name| folder.join(name));
            executables.into_iter().find(|file| file.is_file())
        });
        let browser =
            browser.ok_or_else(|| format!("none of {} is in PATH", BROWSERS.join(", ")))?;
        let installed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../browser-tests");
        let find = |file: &str| {
            let path = installed.join(file);
            if path.is_file() {
                Ok(path)
            } else {
                Err(format!("{} is missing", path.display()))
            }
        };
        Ok(Self {
            browser,
            python: find("bin/python")?,
            axe: find("axe.min.js")?,
        })
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("browser")
}

fn leave_out(missing: &str) {
    let files = fs::read_dir(folder()).into_iter().flatten().flatten();
    let mut names: Vec<String> = files
        .filter_map(|file| fs::read_to_string(file.path()).ok())
        .flat_map(|text| {
            let tests = text
                .lines()
                .filter_map(|line| line.strip_prefix("def test_"));
            let names = tests.filter_map(|rest| rest.split('(').next());
            names.map(|name| format!("test_{name}")).collect::<Vec<_>>()
        })
        .collect();
    names.sort();
    println!("\nleaving out {} tests, because {missing}", names.len());
    println!("(.ci/install-browser installs what they need):");
    for name in &names {
        println!("test {name} ... ignored");
    }
    println!(
        "\ntest result: ok. 0 passed; 0 failed; {} ignored; 0 measured; 0 filtered out\n",
        names.len()
    );
}

/// Whether all tests passed.
fn run(tools: &Tools) -> Result<bool, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut stacks = Vec::new();
    let mut descriptions = serde_json::Map::new();
    for (name, authorization) in STACKS {
        let options = Options {
            api_port: 0,
            aws_port: 0,
            data: Data::Ephemeral,
            parameters: [("ApiAuthorization".to_owned(), authorization.to_owned())].into(),
            ..Options::default()
        };
        let stack = runtime
            .block_on(Stack::start(&options))
            .map_err(|error| format!("{error:#}"))?;
        descriptions.insert(name.to_owned(), describe(&stack));
        stacks.push(stack);
    }
    let status = Command::new(&tools.python)
        .args([
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--tb=short",
            "--durations=5",
        ])
        .arg(folder())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("GALLERY_BROWSER", &tools.browser)
        .env("GALLERY_AXE", &tools.axe)
        .env("GALLERY_STACKS", Value::Object(descriptions).to_string())
        .status()?;
    Ok(status.success())
}

fn describe(stack: &Stack) -> Value {
    json!({
        "api": stack.api_url,
        "aws": stack.aws_url,
        "region": REGION,
        "apiKey": stack.api_key,
        "accessKey": stack.credentials.access_key,
        "secretKey": stack.credentials.secret_key,
    })
}
