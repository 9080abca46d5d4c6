//! Converts the output of `cargo test` to `JUnit`'s XML, which `PublishTestResults@2` reads.
//!
//! cargo's own `JUnit` output is not stable yet, and other runners that have it start a process for each test, while the
//! system tests share one stack.

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use regex::Regex;

/// One run of one test executable.
#[derive(Default)]
struct Suite {
    name: String,
    /// Names and results: `ok`, `FAILED`, `ignored`.
    tests: Vec<(String, String)>,
    /// What failed tests printed, by name.
    output: HashMap<String, String>,
    finished: bool,
}

/// The XML for a log of `cargo test`, standard error included.
///
/// A test executable that ended without its summary (a crash) is an error.
///
/// # Errors
/// None that depends on the log.
pub fn junit(log: &str) -> anyhow::Result<String> {
    let running =
        Regex::new(r"^\s+(?:Running .*\(.*?([^/]+?)(?:-[0-9a-f]{16})?\)|Doc-tests (\S+))$");
    let running = running.context("a pattern")?;
    let test = Regex::new(r"^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)(?:, .*)?$");
    let test = test.context("a pattern")?;
    let printed = Regex::new(r"^---- (.+?) (?:stdout )?----$").context("a pattern")?;

    let mut suites: Vec<Suite> = Vec::new();
    let mut prints: Option<String> = None;
    for line in log.lines() {
        if let Some(found) = running.captures(line) {
            let name = found.get(1).map_or_else(
                || format!("{} (documentation)", &found[2]),
                |name| name.as_str().to_owned(),
            );
            suites.push(Suite {
                name,
                ..Suite::default()
            });
            prints = None;
            continue;
        }
        let Some(suite) = suites.last_mut() else {
            continue;
        };
        if let Some(found) = test.captures(line) {
            suite.tests.push((found[1].to_owned(), found[2].to_owned()));
        } else if line.starts_with("test result: ") {
            suite.finished = true;
            prints = None;
        } else if let Some(found) = printed.captures(line) {
            prints = Some(found[1].to_owned());
        } else if line == "failures:" {
            prints = None;
        } else if let Some(name) = &prints {
            let output = suite.output.entry(name.clone()).or_default();
            output.push_str(line);
            output.push('\n');
        }
    }
    Ok(xml(&suites))
}

fn xml(suites: &[Suite]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in suites {
        let count = |result: &str| suite.tests.iter().filter(|(_, is)| is == result).count();
        let _ = writeln!(
            xml,
            "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" errors=\"{}\">",
            escaped(&suite.name),
            suite.tests.len() + usize::from(!suite.finished),
            count("FAILED"),
            count("ignored"),
            usize::from(!suite.finished),
        );
        for (name, result) in &suite.tests {
            let output = suite.output.get(name).map_or("", String::as_str).trim();
            let body = match result.as_str() {
                "FAILED" => format!("<failure>{}</failure>", escaped(output)),
                "ignored" => "<skipped/>".to_owned(),
                _ => String::new(),
            };
            xml.push_str(&case(&suite.name, name, &body));
        }
        if !suite.finished {
            xml.push_str(&case(
                &suite.name,
                "the executable",
                "<error>ended without a summary</error>",
            ));
        }
        xml.push_str("</testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn case(suite: &str, name: &str, body: &str) -> String {
    let (suite, name) = (escaped(suite), escaped(name));
    format!("<testcase classname=\"{suite}\" name=\"{name}\">{body}</testcase>\n")
}

/// Escapes text for XML. Characters that XML 1.0 does not allow, such as a terminal's escapes, are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => {}
            _ if character.is_control() => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_becomes_suites_and_cases() {
        let log = "\
   Compiling cfn v0.1.0
     Running unittests src/lib.rs (/t/debug/deps/cfn-0123456789abcdef)

running 3 tests
test a::fine ... ok
test a::odd ... ignored, needs a network
test b - should panic ... FAILED

failures:

---- b stdout ----

thread 'b' panicked at 1 < 2 & \u{1b}[31mred\u{1b}[0m

failures:
    b

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/yaml.rs (target/debug/deps/yaml-0123456789abcdef)

running 2 tests
test first ... ok
error: test failed, to rerun pass `-p cfn --test yaml`
   Doc-tests cfn

running 1 test
test crates/local/cfn/src/lib.rs - Node (line 3) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
        let expected = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites>
<testsuite name=\"cfn\" tests=\"3\" failures=\"1\" skipped=\"1\" errors=\"0\">
<testcase classname=\"cfn\" name=\"a::fine\"></testcase>
<testcase classname=\"cfn\" name=\"a::odd\"><skipped/></testcase>
<testcase classname=\"cfn\" name=\"b\"><failure>thread 'b' panicked at 1 &lt; 2 &amp; [31mred[0m</failure></testcase>
</testsuite>
<testsuite name=\"yaml\" tests=\"2\" failures=\"0\" skipped=\"0\" errors=\"1\">
<testcase classname=\"yaml\" name=\"first\"></testcase>
<testcase classname=\"yaml\" name=\"the executable\"><error>ended without a summary</error></testcase>
</testsuite>
<testsuite name=\"cfn (documentation)\" tests=\"1\" failures=\"0\" skipped=\"0\" errors=\"0\">
<testcase classname=\"cfn (documentation)\" name=\"crates/local/cfn/src/lib.rs - Node (line 3)\"></testcase>
</testsuite>
</testsuites>
";
        assert_eq!(junit(log).unwrap(), expected);
    }

    #[test]
    fn a_log_without_tests_has_no_suites() {
        let log = "error: could not compile `cfn`\n";
        assert!(
            junit(log)
                .unwrap()
                .ends_with("<testsuites>\n</testsuites>\n")
        );
    }
}
