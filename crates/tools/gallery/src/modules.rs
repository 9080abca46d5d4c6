//! Joins ES modules into one, in dependency order.

use std::collections::{BTreeMap, BTreeSet};

use crate::{BuildError, unsupported};

/// A module without its imports.
#[derive(Debug, Default)]
struct Module {
    /// Imported file and name.
    imports: Vec<(String, String)>,
    /// Names that others may import.
    exports: BTreeSet<String>,
    /// Every name declared at the top level.
    declared: BTreeSet<String>,
    /// The rest, without `export`, comment lines and indentation.
    code: String,
}

/// The code of `entry` after that of every module that it imports, directly or not.
pub(crate) fn bundle(
    entry: &str,
    read: &dyn Fn(&str) -> Result<String, BuildError>,
) -> Result<String, BuildError> {
    let mut bundle = Bundle {
        read,
        modules: BTreeMap::new(),
        open: Vec::new(),
        code: String::new(),
    };
    bundle.add(entry)?;
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for (file, module) in &bundle.modules {
        for name in &module.declared {
            if let Some(other) = owners.insert(name, file) {
                return Err(unsupported(
                    file,
                    format!("{name} is declared in {other}, too"),
                ));
            }
        }
    }
    Ok(bundle.code)
}

struct Bundle<'a> {
    read: &'a dyn Fn(&str) -> Result<String, BuildError>,
    modules: BTreeMap<String, Module>,
    /// The chain of imports that leads to the module being added.
    open: Vec<String>,
    code: String,
}

impl Bundle<'_> {
    fn add(&mut self, file: &str) -> Result<(), BuildError> {
        if self.modules.contains_key(file) {
            return Ok(());
        }
        if self.open.iter().any(|open| open == file) {
            return Err(unsupported(
                file,
                format!("imports itself: {}", self.open.join(" imports ")),
            ));
        }
        let module = parse(file, &(self.read)(file)?)?;
        self.open.push(file.to_owned());
        for (imported, name) in &module.imports {
            self.add(imported)?;
            if !self.modules[imported].exports.contains(name) {
                return Err(unsupported(file, format!("{imported} exports no {name}")));
            }
        }
        self.open.pop();
        self.code.push_str(&module.code);
        self.modules.insert(file.to_owned(), module);
        Ok(())
    }
}

fn parse(file: &str, text: &str) -> Result<Module, BuildError> {
    let mut module = Module::default();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let at = |problem: &str| unsupported(file, format!("line {}: {problem}", index + 1));
        if line.starts_with("import") {
            let mut statement = line.to_owned();
            while !statement.ends_with(';') {
                let (_, next) = lines.next().ok_or_else(|| at("an import has no end"))?;
                statement.push_str(next);
            }
            let imports = import(&statement)
                .ok_or_else(|| at("an import must be: import { name } from \"./file.js\";"))?;
            module.imports.extend(imports);
            continue;
        }
        let code = line.trim();
        if code.is_empty() || code.starts_with("//") {
            continue;
        }
        if code.starts_with("/*") {
            return Err(at("a comment must start with //"));
        }
        if code.matches('`').count() % 2 == 1 {
            return Err(at("a template literal must end on its line"));
        }
        let (exported, declaration) = match line.strip_prefix("export ") {
            Some(declaration) => (true, declaration),
            None => (false, line),
        };
        let name = declared(declaration);
        if exported && name.is_none() {
            return Err(at("an export must be a declaration"));
        }
        if let Some(name) = name {
            if exported {
                module.exports.insert(name.to_owned());
            }
            module.declared.insert(name.to_owned());
        }
        module.code.push_str(declaration.trim());
        module.code.push('\n');
    }
    Ok(module)
}

/// File and names of `import { a, b } from "./file.js";`.
fn import(statement: &str) -> Option<Vec<(String, String)>> {
    let rest = statement.strip_prefix("import {")?;
    let (names, rest) = rest.split_once("} from \"./")?;
    let file = rest.strip_suffix("\";")?;
    let names = names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let imports = names.map(|name| is_name(name).then(|| (file.to_owned(), name.to_owned())));
    imports.collect()
}

/// The name that a line at the top level declares.
fn declared(line: &str) -> Option<&str> {
    let keywords = ["async function", "function", "class", "const", "let"];
    let rest = keywords
        .iter()
        .find_map(|keyword| line.strip_prefix(keyword)?.strip_prefix(' '))?;
    let end = rest
        .find(|character: char| !is_name_character(character))
        .unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_character)
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '$'
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]
mod tests {
    use super::*;

    /// Bundles `main.js` of these files.
    fn bundled(files: &[(&str, &str)]) -> Result<String, String> {
        let read = |file: &str| {
            let known = files.iter().find(|(name, _)| *name == file);
            known
                .map(|(_, text)| (*text).to_owned())
                .ok_or_else(|| unsupported(file, "is missing".into()))
        };
        bundle("main.js", &read).map_err(|error| error.to_string())
    }

    #[test]
    fn each_module_is_included_once_and_after_its_imports() {
        let code = bundled(&[
            (
                "main.js",
                "// The page.\nimport { b } from \"./b.js\";\nimport {\n  a,\n} from \"./a.js\";\n\nb(a);\n",
            ),
            ("a.js", "export const a = `x // ${1}`;\n"),
            (
                "b.js",
                "import { a } from \"./a.js\";\nexport function b() {\n  // why\n  return a;\n}\n",
            ),
        ]);
        assert_eq!(
            code.unwrap(),
            "const a = `x // ${1}`;\nfunction b() {\nreturn a;\n}\nb(a);\n"
        );
    }

    #[test]
    fn what_would_change_its_meaning_is_refused() {
        for (main, message) in [
            (
                "import a from \"./a.js\";",
                "main.js: line 1: an import must be: import { name } from \"./file.js\";",
            ),
            (
                "import { a as b } from \"./a.js\";",
                "main.js: line 1: an import must be: import { name } from \"./file.js\";",
            ),
            (
                "import { b } from \"./a.js\";",
                "main.js: a.js exports no b",
            ),
            ("import { c } from \"./c.js\";", "c.js: is missing"),
            (
                "import { loop } from \"./loop.js\";",
                "main.js: imports itself: main.js imports loop.js",
            ),
            (
                "import { a } from \"./a.js\";\nconst hidden = 1;",
                "main.js: hidden is declared in a.js, too",
            ),
            (
                "export { a };",
                "main.js: line 1: an export must be a declaration",
            ),
            (
                "x = `a\nb`;",
                "main.js: line 1: a template literal must end on its line",
            ),
            ("/* a */", "main.js: line 1: a comment must start with //"),
        ] {
            let files = [
                ("main.js", main),
                ("a.js", "export const a = 1;\nlet hidden;\n"),
                (
                    "loop.js",
                    "import { main } from \"./main.js\";\nexport let loop;\n",
                ),
            ];
            assert_eq!(bundled(&files).unwrap_err(), message);
        }
    }
}
