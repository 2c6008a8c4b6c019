//! Quotas of the account: what `CreateEndpoint` refuses, and what Service Quotas reports.

use serde_json::{Value, json};

use super::{ACCOUNT_ID, Account, Serverless};
use crate::simulator::validate::{ApiError, text};
use crate::units::saturating_u32;

const TOTAL_CONCURRENCY: &str =
    "Maximum total concurrency that can be allocated across all serverless endpoints";
const TOTAL_CONCURRENCY_CODE: &str = "L-96300102";

impl Account {
    /// Answers for the only quota whose code is undisputed.
    pub(super) fn get_service_quota(&self, input: &Value, region: &str) -> Result<Value, ApiError> {
        let (service, code) = (text(input, "ServiceCode")?, text(input, "QuotaCode")?);
        if self.scenario.quotas.unreadable {
            let message = "User: arn:aws:iam::000000000000:user/simulated is not authorized to perform: \
                           servicequotas:GetServiceQuota";
            let message = message.to_owned();
            return Err(ApiError::new(400, "AccessDeniedException", message));
        }
        if (service, code) != ("sagemaker", TOTAL_CONCURRENCY_CODE) {
            let message = "The request failed because the specified quota does not exist.";
            return Err(ApiError::new(
                400,
                "NoSuchResourceException",
                message.to_owned(),
            ));
        }
        Ok(json!({ "Quota": {
            "ServiceCode": service,
            "ServiceName": "Amazon SageMaker",
            "QuotaArn": format!("arn:aws:servicequotas:{region}:{ACCOUNT_ID}:{service}/{code}"),
            "QuotaCode": code,
            "QuotaName": TOTAL_CONCURRENCY,
            "Value": f64::from(self.scenario.quotas.total_concurrency),
            "Unit": "None",
            "Adjustable": true,
            "GlobalQuota": false,
        } }))
    }

    /// Whether an endpoint fits into the account.
    pub(super) fn check_quotas(&self, wanted: Serverless) -> Result<(), ApiError> {
        let Serverless {
            memory_mb,
            max_concurrency,
            ..
        } = wanted;
        let quotas = &self.scenario.quotas;
        if memory_mb.get() > quotas.memory_mb {
            return Err(over_quota(
                "Memory size in MB per serverless endpoint",
                quotas.memory_mb,
                "MBs",
                0,
                memory_mb.get(),
            ));
        }
        let in_use: u32 = self
            .endpoints
            .values()
            .map(|endpoint| endpoint.config.serverless.max_concurrency)
            .sum();
        if in_use + max_concurrency > quotas.total_concurrency {
            return Err(over_quota(
                TOTAL_CONCURRENCY,
                quotas.total_concurrency,
                "",
                in_use,
                max_concurrency,
            ));
        }
        if self.endpoints.len() >= quotas.endpoints {
            let (limit, used) = (
                saturating_u32(quotas.endpoints),
                saturating_u32(self.endpoints.len()),
            );
            return Err(over_quota(
                "Number of serverless endpoints",
                limit,
                "",
                used,
                1,
            ));
        }
        Ok(())
    }
}

/// AWS's words, down to the unit that only the memory quota has.
fn over_quota(quota: &str, limit: u32, unit: &str, in_use: u32, delta: u32) -> ApiError {
    let unit = if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    };
    ApiError::limit(format!(
        "The account-level service limit '{quota}' is {limit}{unit}, with current utilization of {in_use}{unit} and a \
         request delta of {delta}{unit}. Please use AWS Service Quotas to request an increase for this quota. If AWS \
         Service Quotas is not available, contact AWS support to request an increase for this quota."
    ))
}
