//! Resolves a template with parameters: parameters, rules, conditions, resources, outputs.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::declaration::{DeclaredOutput, DeclaredResource};
use crate::evaluate::Evaluator;
use crate::expression::Kind;
use crate::order::{between_conditions, between_resources, in_order};
use crate::visible_names::Section;
use crate::{
    Environment, Error, Node, Output, Resource, ResourceTypes, Span, Stack, Template, Value,
    parameter,
};

impl Template {
    /// Computes everything in the template. Resources whose condition doesn't hold and branches of `Fn::If` that aren't taken
    /// are not computed and cause no dependencies.
    ///
    /// # Errors
    /// A parameter that is missing, unknown or violates a constraint; a rule that fails; circular dependencies; a reference
    /// to a resource whose condition doesn't hold; an argument of the wrong type; an error of `types`.
    pub fn resolve(
        &self,
        parameters: &BTreeMap<String, String>,
        environment: &Environment,
        types: &dyn ResourceTypes,
    ) -> Result<Stack, Error> {
        self.stack(parameters, environment, types)
            .map_err(|error| error.in_file(&self.file))
    }

    fn stack(
        &self,
        given: &BTreeMap<String, String>,
        environment: &Environment,
        types: &dyn ResourceTypes,
    ) -> Result<Stack, Error> {
        let parameters = parameter::values(&self.parameters, given)?;
        let mut evaluator = Evaluator {
            template: self,
            parameters: &parameters,
            environment,
            types,
            section: Section::Rules,
            conditions: BTreeMap::new(),
            resources: Vec::new(),
            built: Cell::new(0),
        };
        self.check_rules(&evaluator)?;
        evaluator.section = Section::Conditions;
        self.decide(&mut evaluator)?;
        evaluator.section = Section::Resources;
        self.compute(&mut evaluator)?;
        evaluator.section = Section::Outputs;
        let holds = |output: &&DeclaredOutput| present(&evaluator, output.condition.as_deref());
        let outputs = self.outputs.iter().filter(holds).map(|declared| {
            output(declared, &evaluator)
                .map_err(|error| error.within(&declared.name).within("Outputs"))
        });
        let outputs = outputs.collect::<Result<_, _>>()?;
        let Evaluator {
            resources,
            conditions,
            ..
        } = evaluator;
        Ok(Stack {
            resources,
            outputs,
            parameters,
            conditions,
        })
    }

    fn check_rules(&self, evaluator: &Evaluator<'_>) -> Result<(), Error> {
        for rule in &self.rules {
            let blame = |error: Error| error.within(&rule.name).within("Rules");
            let applies = rule
                .condition
                .as_ref()
                .map_or(Ok(true), |predicate| evaluator.holds(predicate));
            if !applies.map_err(blame)? {
                continue;
            }
            for assertion in &rule.assertions {
                if !evaluator.holds(&assertion.predicate).map_err(blame)? {
                    let message = assertion
                        .description
                        .as_deref()
                        .unwrap_or("the assertion is false");
                    return Err(blame(Error::new(assertion.span, message)));
                }
            }
        }
        Ok(())
    }

    /// Decides every condition, used or not.
    fn decide(&self, evaluator: &mut Evaluator<'_>) -> Result<(), Error> {
        let names: Vec<&str> = self
            .conditions
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let indices = indices(&names);
        let dependencies = self.conditions.iter().map(|condition| {
            let mut found = Vec::new();
            condition.predicate.conditions(&mut |name, span| {
                found.extend(indices.get(name).map(|index| (*index, span)));
            });
            found
        });
        let dependencies: Vec<_> = dependencies.collect();
        let order = in_order(&names, &dependencies, between_conditions)
            .map_err(|error| error.within("Conditions"))?;
        for index in order {
            let condition = &self.conditions[index];
            let holds = evaluator.holds(&condition.predicate);
            let holds =
                holds.map_err(|error| error.within(&condition.name).within("Conditions"))?;
            evaluator.conditions.insert(condition.name.clone(), holds);
        }
        Ok(())
    }

    /// Computes the resources whose conditions hold, each after its dependencies.
    fn compute(&self, evaluator: &mut Evaluator<'_>) -> Result<(), Error> {
        let holds = |one: &&DeclaredResource| present(evaluator, one.condition.as_deref());
        let declared: Vec<_> = self.resources.iter().filter(holds).collect();
        let names: Vec<&str> = declared.iter().map(|one| one.logical_id.as_str()).collect();
        let indices = indices(&names);
        let dependencies: Vec<_> = declared
            .iter()
            .map(|one| dependencies(one, &indices, evaluator))
            .collect();
        let order = in_order(&names, &dependencies, between_resources)
            .map_err(|error| error.within("Resources"))?;
        for index in order {
            let declared = declared[index];
            let mut distinct = Vec::new();
            for (dependency, _) in &dependencies[index] {
                if !distinct.contains(&names[*dependency]) {
                    distinct.push(names[*dependency]);
                }
            }
            let blame = |error: Error| {
                error
                    .or_at(declared.span)
                    .within(&declared.logical_id)
                    .within("Resources")
            };
            let resource = resource(declared, &distinct, evaluator).map_err(blame)?;
            // Reported for this resource and not for a reference to it: the type is wrong here.
            let refused = |error: Error| blame(error.or_at(declared.span));
            evaluator.types.reference(&resource).map_err(refused)?;
            evaluator.resources.push(resource);
        }
        Ok(())
    }
}

fn indices<'n>(names: &[&'n str]) -> BTreeMap<&'n str, usize> {
    names
        .iter()
        .enumerate()
        .map(|(index, name)| (*name, index))
        .collect()
}

fn present(evaluator: &Evaluator<'_>, condition: Option<&str>) -> bool {
    condition.is_none_or(|name| evaluator.conditions.get(name).copied().unwrap_or_default())
}

/// The dependencies of a resource under the conditions that hold. Resources whose condition doesn't hold are left out, so
/// that a reference to one is refused when it is computed and a `DependsOn` is ignored.
fn dependencies(
    resource: &DeclaredResource,
    indices: &BTreeMap<&str, usize>,
    evaluator: &Evaluator<'_>,
) -> Vec<(usize, Span)> {
    let mut found = Vec::new();
    for (name, span) in &resource.depends_on {
        found.extend(indices.get(name.as_str()).map(|index| (*index, *span)));
    }
    let taken = |condition: &str| evaluator.conditions.get(condition).copied();
    for (_, part) in &resource.parts {
        part.walk(&taken, &mut |expression| {
            if let Kind::Ref(name) | Kind::GetAtt { resource: name, .. } = &expression.kind {
                found.extend(
                    indices
                        .get(name.as_str())
                        .map(|index| (*index, expression.span)),
                );
            }
        });
    }
    found
}

fn resource(
    declared: &DeclaredResource,
    dependencies: &[&str],
    evaluator: &Evaluator<'_>,
) -> Result<Resource, Error> {
    let mut parts = BTreeMap::new();
    for (name, part) in &declared.parts {
        if let Some(value) = evaluator.value(part).map_err(|error| error.within(name))? {
            parts.insert(*name, value);
        }
    }
    let no_properties = || Node {
        span: declared.span,
        value: Value::Map(Vec::new()),
    };
    let named = declared.depends_on.iter().map(|(name, _)| name);
    Ok(Resource {
        file: evaluator.template.file.clone(),
        logical_id: declared.logical_id.clone(),
        kind: declared.kind.clone(),
        span: declared.span,
        properties: parts.remove("Properties").unwrap_or_else(no_properties),
        depends_on: named
            .filter(|name| dependencies.contains(&name.as_str()))
            .cloned()
            .collect(),
        dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        deletion_policy: declared.deletion_policy.clone(),
        update_replace_policy: declared.update_replace_policy.clone(),
        metadata: parts.remove("Metadata"),
        creation_policy: parts.remove("CreationPolicy"),
        update_policy: parts.remove("UpdatePolicy"),
    })
}

fn output(declared: &DeclaredOutput, evaluator: &Evaluator<'_>) -> Result<Output, Error> {
    let value = evaluator
        .value(&declared.value)
        .map_err(|error| error.within("Value"))?;
    let value = value.and_then(|value| value.scalar_text()).ok_or_else(|| {
        let message = "Template format error: The Value field of every Outputs member must evaluate to a String.";
        Error::new(declared.value.span, message)
    })?;
    let export = declared
        .export
        .as_ref()
        .map(|name| evaluator.text(name, "Export"));
    Ok(Output {
        name: declared.name.clone(),
        span: declared.span,
        value,
        description: declared.description.clone(),
        export: export
            .transpose()
            .map_err(|error| error.within("Name").within("Export"))?,
    })
}
