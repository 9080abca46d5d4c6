//! The names of things, and what kinds of things they are: `models/*.tsv`.

use std::collections::{BTreeMap, HashMap};

use crate::Error;

/// One name of the vocabulary, of either network or of neither.
#[derive(Debug, Default)]
pub(crate) struct Term {
    pub name: String,
    /// Indices of the kinds that this is one of, nearest first.
    pub parents: Vec<usize>,
    pub category: String,
    pub aliases: Vec<String>,
}

/// All names, each once: where the two networks know the same thing, they mean the same term.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    pub terms: Vec<Term>,
    /// The term of each row of the classifier; rows that mean one thing share a term.
    pub classes: Vec<usize>,
    /// The term of each score column of the detector.
    pub objects: BTreeMap<usize, usize>,
    /// Whether a term is a class of the classifier.
    pub is_class: Vec<bool>,
    /// Whether a term is a class of the classifier or a kind of one.
    pub known_to_classifier: Vec<bool>,
}

impl Vocabulary {
    pub(crate) fn load() -> Result<Self, Error> {
        let mut reader = Reader::default();
        let mut classes = Vec::with_capacity(1000);
        for (line, row) in rows(include_str!("../models/imagenet_taxonomy.tsv")) {
            let row = row.ok_or(Error::Vocabulary {
                vocabulary: "classifier",
                line,
            })?;
            classes.push(reader.add(&row));
        }
        let mut objects = BTreeMap::new();
        for (line, row) in rows(include_str!("../models/coco_taxonomy.tsv")) {
            let bad = Error::Vocabulary {
                vocabulary: "detector",
                line,
            };
            let Some(row) = row else { return Err(bad) };
            let Ok(column) = row[0].parse() else {
                return Err(bad);
            };
            objects.insert(column, reader.add(&row));
        }
        let terms = reader.finish();
        let mut is_class = vec![false; terms.len()];
        let mut known_to_classifier = vec![false; terms.len()];
        for &class in &classes {
            is_class[class] = true;
            known_to_classifier[class] = true;
            for &parent in &terms[class].parents {
                known_to_classifier[parent] = true;
            }
        }
        Ok(Self {
            terms,
            classes,
            objects,
            is_class,
            known_to_classifier,
        })
    }

    /// The widest kind that a term is of: itself, if it is of none.
    pub(crate) fn family(&self, term: usize) -> usize {
        self.terms[term].parents.last().copied().unwrap_or(term)
    }

    /// Whether one of the two is the other or a kind of it.
    pub(crate) fn is_line(&self, one: usize, other: usize) -> bool {
        one == other
            || self.terms[one].parents.contains(&other)
            || self.terms[other].parents.contains(&one)
    }
}

type Row<'a> = [&'a str; 5];

fn rows(text: &str) -> impl Iterator<Item = (usize, Option<Row<'_>>)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#'))
        .map(|(index, line)| {
            (
                index + 1,
                line.split('\t').collect::<Vec<_>>().try_into().ok(),
            )
        })
}

fn list(field: &str) -> impl Iterator<Item = &str> {
    field.split(';').filter(|part| !part.is_empty())
}

#[derive(Default)]
struct Reader {
    terms: Vec<Term>,
    indices: HashMap<String, usize>,
    /// How often each term is a parent of something of each category.
    below: HashMap<usize, BTreeMap<String, usize>>,
}

impl Reader {
    fn term(&mut self, name: &str) -> usize {
        if let Some(&index) = self.indices.get(name) {
            return index;
        }
        let index = self.terms.len();
        self.terms.push(Term {
            name: name.to_owned(),
            ..Term::default()
        });
        self.indices.insert(name.to_owned(), index);
        index
    }

    fn add(&mut self, &[_, name, parents, category, aliases]: &Row<'_>) -> usize {
        let index = self.term(name);
        let parents: Vec<usize> = list(parents).map(|parent| self.term(parent)).collect();
        for (at, &parent) in parents.iter().enumerate() {
            self.terms[parent].parents = parents[at + 1..].to_vec();
            *self
                .below
                .entry(parent)
                .or_default()
                .entry(category.to_owned())
                .or_default() += 1;
        }
        let term = &mut self.terms[index];
        term.parents = parents;
        category.clone_into(&mut term.category);
        for alias in list(aliases) {
            if !term.aliases.iter().any(|known| known == alias) {
                term.aliases.push(alias.to_owned());
            }
        }
        index
    }

    /// A kind that is not a row of its own is of the category that most of what it holds is of.
    fn finish(mut self) -> Vec<Term> {
        for (parent, categories) in self.below {
            if self.terms[parent].category.is_empty()
                && let Some((category, _)) = categories.into_iter().max_by_key(|(_, count)| *count)
            {
                self.terms[parent].category = category;
            }
        }
        self.terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term<'a>(vocabulary: &'a Vocabulary, name: &str) -> &'a Term {
        vocabulary
            .terms
            .iter()
            .find(|term| term.name == name)
            .unwrap()
    }

    fn parents<'a>(vocabulary: &'a Vocabulary, name: &str) -> Vec<&'a str> {
        term(vocabulary, name)
            .parents
            .iter()
            .map(|&parent| vocabulary.terms[parent].name.as_str())
            .collect()
    }

    #[test]
    fn both_networks_speak_one_language() {
        let vocabulary = Vocabulary::load().unwrap();
        assert_eq!(
            (vocabulary.classes.len(), vocabulary.objects.len()),
            (1000, 80)
        );
        assert_eq!(
            parents(&vocabulary, "Soccer Ball"),
            ["Ball", "Sports Equipment"]
        );
        assert_eq!(vocabulary.terms[vocabulary.objects[&37]].name, "Ball");
        assert_eq!(
            parents(&vocabulary, "Egyptian Cat"),
            ["Cat", "Feline", "Mammal", "Animal"]
        );
        assert_eq!(parents(&vocabulary, "Cat"), ["Feline", "Mammal", "Animal"]);
        assert_eq!(vocabulary.terms[vocabulary.objects[&17]].name, "Cat");
        assert_eq!(term(&vocabulary, "Mammal").category, "Animals and Pets");
    }

    /// A name has one chain of parents wherever it stands: were it two, labels would contradict each other.
    #[test]
    fn every_chain_agrees_with_every_other() {
        let vocabulary = Vocabulary::load().unwrap();
        for term in &vocabulary.terms {
            for (at, &parent) in term.parents.iter().enumerate() {
                assert_eq!(
                    vocabulary.terms[parent].parents,
                    term.parents[at + 1..],
                    "{} in {}",
                    vocabulary.terms[parent].name,
                    term.name
                );
            }
            assert!(!term.category.is_empty(), "{}", term.name);
        }
    }
}
