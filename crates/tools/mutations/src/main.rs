//! `cargo run --release -p mutations -- all`: removes single elements from `infra/infra.yaml` and checks that a test
//! fails.

mod edit;
mod mutants;
mod report;
mod results;
mod suites;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use lexopt::prelude::{Long, Short, Value};

use mutants::{Mutant, mutants};
use results::Results;
use suites::{Outcome, SUITES, Suite, Suites};

const HELP: &str = "\
Takes single things out of infra/infra.yaml and looks whether a test fails. Results are kept, so that
an interrupted walk continues where it stopped.

Usage: cargo run --release -p mutations -- WHAT [OPTIONS]

  permissions           actions, statements, conditions, policies, and what methods demand only; prints
                        which test noticed which of them, too
  all                   these, and subscriptions, event source mappings, redrive, deletion and lifecycle
                        rules, lines of mapping templates, mapped parameters and headers, selection
                        patterns
  list                  names what would be taken out
  report                prints what is known, in Markdown

      --results FILE    where results are kept [default: target/mutations.jsonl]
      --only TEXT       only mutants whose name contains TEXT
      --quick           without the tests that take seconds; what survives is not kept
      --suite TEXT      only suites whose name (permissions gone::) contains TEXT, quick or not; what
                        survives is not kept
      --again           tries those again that no test noticed
      --jobs N          mutants at a time [default: 1]
      --patience N      seconds that anything may take to follow an upload [default: 20]
";

/// How often a suite is tried on a busy machine.
const ATTEMPTS: u32 = 3;

struct Options {
    what: String,
    results: PathBuf,
    only: String,
    quick: bool,
    suite: String,
    again: bool,
    jobs: usize,
    patience: u64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn options(root: &Path) -> anyhow::Result<Option<Options>> {
    let mut options = Options {
        what: String::new(),
        results: root.join("target/mutations.jsonl"),
        only: String::new(),
        quick: false,
        suite: String::new(),
        again: false,
        jobs: 1,
        patience: 20,
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(what) if options.what.is_empty() => {
                options.what = what.to_string_lossy().into_owned();
            }
            Long("results") => options.results = arguments.value()?.into(),
            Long("only") => options.only = arguments.value()?.to_string_lossy().into_owned(),
            Long("quick") => options.quick = true,
            Long("suite") => options.suite = arguments.value()?.to_string_lossy().into_owned(),
            Long("again") => options.again = true,
            Long("jobs") => options.jobs = arguments.value()?.to_string_lossy().parse()?,
            Long("patience") => options.patience = arguments.value()?.to_string_lossy().parse()?,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    if !matches!(
        options.what.as_str(),
        "permissions" | "all" | "list" | "report"
    ) {
        bail!("say permissions, all, list or report");
    }
    Ok(Some(options))
}

fn run() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../..")
        .canonicalize()?;
    let Some(options) = options(&root)? else {
        print!("{HELP}");
        return Ok(());
    };
    let path = root.join("infra/infra.yaml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut mutants = mutants(&text)?;
    mutants.retain(|one| one.id.contains(&options.only));
    let permissions = options.what == "permissions";
    mutants.retain(|one| !permissions || one.kind.is_permission());
    for one in &mutants {
        cfn::Node::parse(&one.text).with_context(|| format!("{} leaves no YAML", one.id))?;
    }
    if options.what == "list" {
        for one in &mutants {
            println!("{}: {}", one.kind.name(), one.id);
        }
        println!("{} mutants", mutants.len());
        return Ok(());
    }
    if let Some(folder) = options.results.parent() {
        fs::create_dir_all(folder)?;
    }
    let results = Mutex::new(Results::open(&options.results)?);
    if options.what != "report" {
        let scratch = std::env::temp_dir().join(format!("mutations-{}", std::process::id()));
        fs::create_dir_all(&scratch)?;
        let walked = walk(&root, &path, &scratch, &mutants, &results, &options);
        let _ = fs::remove_dir_all(&scratch);
        walked?;
    }
    let results = results
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    print!("{}", report::markdown(&mutants, &results));
    if permissions {
        print!("{}", report::noticed(&mutants, &results));
    }
    Ok(())
}

fn walk(
    root: &Path,
    template: &Path,
    scratch: &Path,
    mutants: &[Mutant],
    results: &Mutex<Results>,
    options: &Options,
) -> anyhow::Result<()> {
    let lock = || {
        results
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    };
    let due = mutants.iter().filter(|one| match lock().of(one) {
        Some(known) => options.again && known.failed.is_none(),
        None => true,
    });
    let due: Vec<&Mutant> = due.collect();
    if due.is_empty() {
        return Ok(());
    }
    let suites = Suites::build(root, scratch, Duration::from_secs(options.patience))?;
    let walker = Walker {
        suites,
        template: template.to_owned(),
        scratch: scratch.to_owned(),
        quick: options.quick,
        suite: options.suite.clone(),
    };
    if let Some(failed) = walker.failure(template, "whole")? {
        bail!("the unchanged template fails: {failed}");
    }
    let next = AtomicUsize::new(0);
    let work = |number: usize| -> anyhow::Result<()> {
        while let Some(mutant) = due.get(next.fetch_add(1, Ordering::Relaxed)) {
            let started = Instant::now();
            // A mutant that is known to survive, for a stated reason, is not run.
            let failed = match report::reason(&mutant.id) {
                Some(_) => None,
                None => walker.verdict(mutant, &format!("mutant-{number}"))?,
            };
            let seconds = started.elapsed().as_secs_f64();
            println!(
                "{:5.1} s  {}  {}",
                seconds,
                mutant.id,
                failed.as_deref().unwrap_or("SURVIVES")
            );
            let whole = !options.quick && options.suite.is_empty();
            if failed.is_some() || whole || report::reason(&mutant.id).is_some() {
                lock().add(mutant, failed, seconds)?;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs.max(1))
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        for worker in workers {
            worker
                .join()
                .map_err(|_| anyhow::anyhow!("a worker panicked"))??;
        }
        Ok(())
    })
}

struct Walker {
    suites: Suites,
    template: PathBuf,
    scratch: PathBuf,
    quick: bool,
    suite: String,
}

impl Walker {
    /// The test that detects a mutant.
    fn verdict(&self, mutant: &Mutant, name: &str) -> anyhow::Result<Option<String>> {
        let path = self.scratch.join(format!("{name}.yaml"));
        fs::write(&path, &mutant.text)?;
        self.failure(&path, name)
    }

    /// The first test that fails for a template.
    fn failure(&self, template: &Path, name: &str) -> anyhow::Result<Option<String>> {
        let scratch = self.scratch.join(name);
        let chosen = |suite: &&Suite| {
            !(self.quick && suite.slow) && suite.name().contains(self.suite.as_str())
        };
        for suite in SUITES.iter().filter(chosen) {
            for attempt in 1.. {
                let Some(Outcome::Failed(test)) = self.suites.run(suite, template, &scratch)?
                else {
                    break;
                };
                // A failure caused by a busy machine must not count as a detected mutant.
                let whole = template == self.template
                    || !suite.slow
                    || self
                        .suites
                        .run_one(suite, &test, &self.template, &scratch)?
                        == Some(Outcome::Passed);
                if whole {
                    return Ok(Some(format!("{}: {test}", suite.program)));
                }
                if attempt == ATTEMPTS {
                    bail!(
                        "{test} fails with the whole template, too: is the machine busy? --patience helps"
                    );
                }
            }
        }
        let all = !self.quick && self.suite.is_empty();
        if all && !self.suites.lint(template)? {
            return Ok(Some("cfn-lint".to_owned()));
        }
        Ok(None)
    }
}
