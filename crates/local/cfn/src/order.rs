//! Dependency order.

use crate::{Error, Span};

/// CloudFormation's message about a cycle, which names its first element twice.
pub(crate) fn between_resources(cycle: &[&str]) -> String {
    let (_, members) = cycle.split_last().unwrap_or((&"", cycle));
    format!(
        "Circular dependency between resources: [{}] ({})",
        members.join(", "),
        cycle.join(" -> ")
    )
}

/// CloudFormation's message about conditions has not been recorded.
pub(crate) fn between_conditions(cycle: &[&str]) -> String {
    format!("circular dependency: {}", cycle.join(" -> "))
}

/// Sorts `names` so that each comes after its dependencies, otherwise in the order given.
///
/// `dependencies[i]` are the indices that `names[i]` depends on, with the place of each reference. The stack is explicit,
/// because recursion would be as deep as the longest chain, which the template determines.
pub(crate) fn in_order(
    names: &[&str],
    dependencies: &[Vec<(usize, Span)>],
    message: fn(&[&str]) -> String,
) -> Result<Vec<usize>, Error> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; names.len()];
    let mut order = Vec::with_capacity(names.len());
    // The nodes being visited, and how many of their dependencies have been followed.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for start in 0..names.len() {
        if states[start] == State::New {
            states[start] = State::Open;
            open.push((start, 0));
        }
        while let Some((index, next)) = open.last_mut() {
            let Some(&(dependency, span)) = dependencies[*index].get(*next) else {
                states[*index] = State::Done;
                order.push(*index);
                open.pop();
                continue;
            };
            *next += 1;
            match states[dependency] {
                State::Done => {}
                State::New => {
                    states[dependency] = State::Open;
                    open.push((dependency, 0));
                }
                State::Open => {
                    let cycle = open.iter().map(|(index, _)| *index);
                    let cycle = cycle
                        .skip_while(|index| *index != dependency)
                        .chain([dependency]);
                    let cycle: Vec<_> = cycle.map(|index| names[index]).collect();
                    return Err(Error::new(span, message(&cycle)));
                }
            }
        }
    }
    Ok(order)
}
