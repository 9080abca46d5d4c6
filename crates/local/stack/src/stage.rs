//! The stage of the API; a template may have one on this machine.

use anyhow::bail;
use api_gateway::{Api, PathParameters, Settings};

use crate::api_port::StageKey;
use crate::environment::{ACCOUNT, REGION};
use crate::resources::Resources;

/// A stage, and what it serves.
pub struct Stage {
    /// First segment of every path.
    pub name: String,
    /// The API that it serves.
    pub api: Api,
    /// The API keys that it accepts.
    pub keys: Vec<StageKey>,
}

impl Stage {
    /// Reads the stage, its deployment, its API and its keys.
    ///
    /// # Errors
    /// Which of them is wrong, and why.
    pub fn of(
        stack: &cfn::Stack,
        resources: &Resources,
        file: &str,
        api_key: &str,
        path_parameters: PathParameters,
    ) -> anyhow::Result<Self> {
        let [stage] = resources.stages.as_slice() else {
            bail!(
                "{file}: {} stages are declared; this machine serves one",
                resources.stages.len()
            );
        };
        let properties = &stage.properties;
        let at = |message: String| {
            cfn::Error::new(stage.span, message)
                .within(&stage.logical_id)
                .within("Resources")
                .in_file(file)
        };
        let rest_api = resources
            .rest_apis
            .iter()
            .find(|api| api.physical_id == properties.rest_api_id)
            .ok_or_else(|| at(format!("there is no REST API {}", properties.rest_api_id)))?;
        resources
            .deployments
            .iter()
            .find(|deployment| {
                deployment.physical_id == properties.deployment_id
                    && deployment.properties.rest_api_id == properties.rest_api_id
            })
            .ok_or_else(|| {
                at(format!(
                    "there is no deployment {} of that API",
                    properties.deployment_id
                ))
            })?;
        let resource = stack.resource(&rest_api.logical_id);
        let body = resource
            .and_then(|resource| resource.properties.get("Body"))
            .ok_or_else(|| at("the API has no Body".to_owned()))?;
        let api = Api::from_openapi(
            body,
            Settings {
                api_id: rest_api.physical_id.clone(),
                stage: properties.stage_name.clone(),
                account_id: ACCOUNT.to_owned(),
                region: REGION.to_owned(),
                stage_variables: properties.variables.clone(),
                binary_media_types: rest_api.properties.binary_media_types.clone(),
                path_parameters,
            },
        )
        .map_err(|error| {
            error
                .within("Body")
                .within("Properties")
                .within(&rest_api.logical_id)
                .within("Resources")
                .in_file(file)
        })?;
        let keys = resources.usage_plan_keys.iter().filter_map(|link| {
            let plan = resources
                .usage_plans
                .iter()
                .find(|plan| plan.physical_id == link.properties.usage_plan_id)?;
            let key = resources
                .api_keys
                .iter()
                .find(|key| key.physical_id == link.properties.key_id)?;
            let opens = plan.properties.api_stages.iter().any(|opened| {
                opened.api_id == properties.rest_api_id && opened.stage == properties.stage_name
            });
            (key.properties.enabled && opens).then(|| StageKey {
                id: key.physical_id.clone(),
                value: api_key.to_owned(),
            })
        });
        Ok(Self {
            name: properties.stage_name.clone(),
            keys: keys.collect(),
            api,
        })
    }
}
