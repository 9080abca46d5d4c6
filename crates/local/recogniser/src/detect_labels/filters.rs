//! Which labels a request wants:
//! <https://docs.aws.amazon.com/rekognition/latest/APIReference/API_GeneralLabelsSettings.html>.

use serde::Deserialize;

use super::DetectLabelsError;
use crate::Label;

/// The most entries that each list may have.
const MOST: usize = 100;

/// Inclusion first, by name or by category; then exclusion, by either.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Filters {
    #[serde(rename = "LabelInclusionFilters")]
    names: Vec<String>,
    #[serde(rename = "LabelExclusionFilters")]
    no_names: Vec<String>,
    #[serde(rename = "LabelCategoryInclusionFilters")]
    categories: Vec<String>,
    #[serde(rename = "LabelCategoryExclusionFilters")]
    no_categories: Vec<String>,
}

impl Filters {
    pub(super) fn check(&self) -> Result<(), DetectLabelsError> {
        let lists = [
            ("labelInclusionFilters", &self.names),
            ("labelExclusionFilters", &self.no_names),
            ("labelCategoryInclusionFilters", &self.categories),
            ("labelCategoryExclusionFilters", &self.no_categories),
        ];
        for (member, list) in lists {
            if list.len() > MOST {
                return Err(DetectLabelsError::constraint(
                    &format!("'[{}]'", list.join(", ")),
                    &format!("settings.generalLabels.{member}"),
                    &format!("Member must have length less than or equal to {MOST}"),
                ));
            }
        }
        Ok(())
    }

    pub(super) fn pass(&self, label: &Label) -> bool {
        let named = |list: &[String]| list.contains(&label.name);
        let filed = |list: &[String]| {
            label
                .categories
                .iter()
                .any(|category| list.contains(category))
        };
        let unfiltered = self.names.is_empty() && self.categories.is_empty();
        (unfiltered || named(&self.names) || filed(&self.categories))
            && !named(&self.no_names)
            && !filed(&self.no_categories)
    }
}
