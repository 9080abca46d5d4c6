//! The score, in Markdown.

use std::fmt::Write as _;

use crate::mutants::{Kind, Mutant};
use crate::results::Results;

/// Mutants that no test on one machine can detect, and why: the beginning of the name, a tab, the reason.
const KNOWN: &str = include_str!("../survivors.tsv");

/// Why no test detects a mutant, if that is known.
pub fn reason(id: &str) -> Option<&'static str> {
    KNOWN
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find_map(|(name, reason)| id.starts_with(name).then_some(reason))
}

/// A table of the kinds, and the mutants that no test detects.
pub fn markdown(mutants: &[Mutant], results: &Results) -> String {
    let mut text = String::from(
        "| taken out | mutants | a test fails | none does |\n| --- | --: | --: | --: |\n",
    );
    let mut all = (0, 0);
    for kind in Kind::ALL {
        let (mut known, mut killed) = (0, 0);
        for verdict in mutants
            .iter()
            .filter(|one| one.kind == kind)
            .filter_map(|one| results.of(one))
        {
            known += 1;
            killed += usize::from(verdict.failed.is_some());
        }
        if known > 0 {
            let _ = writeln!(
                text,
                "| {} | {known} | {killed} | {} |",
                kind.name(),
                known - killed
            );
        }
        all = (all.0 + known, all.1 + killed);
    }
    let (known, killed) = all;
    let _ = writeln!(
        text,
        "| **all** | **{known}** | **{killed}** | **{}** |",
        known - killed
    );
    let tenths = (killed * 1000).checked_div(known).unwrap_or_default();
    let _ = writeln!(
        text,
        "\n{}.{} % make a test fail.",
        tenths / 10,
        tenths % 10
    );
    if known < mutants.len() {
        let _ = writeln!(
            text,
            "{} of {} mutants are still to be tried.",
            mutants.len() - known,
            mutants.len()
        );
    }
    let survivors = mutants.iter().filter_map(|one| results.of(one));
    let survivors: Vec<_> = survivors
        .filter(|verdict| verdict.failed.is_none())
        .collect();
    if !survivors.is_empty() {
        text.push_str("\n| what no test misses | why it stays |\n| --- | --- |\n");
    }
    for verdict in survivors {
        let id = verdict.id.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| `{id}` | {} |",
            reason(&verdict.id).unwrap_or("**not known**")
        );
    }
    text
}

/// Every mutant that a test detected, and the test.
pub fn noticed(mutants: &[Mutant], results: &Results) -> String {
    let mut text = String::from("\n| taken away | a test that fails |\n| --- | --- |\n");
    for verdict in mutants.iter().filter_map(|one| results.of(one)) {
        if let Some(test) = &verdict.failed {
            let _ = writeln!(text, "| `{}` | `{test}` |", verdict.id.replace('|', "\\|"));
        }
    }
    text
}
