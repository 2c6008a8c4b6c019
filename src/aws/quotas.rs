//! Account quotas: read where that is allowed, else learned from the error of a create call.

use super::error::AwsError;
use super::session::Session;

/// "Maximum total concurrency that can be allocated across all serverless endpoints".
const TOTAL_CONCURRENCY: &str = "L-96300102";

/// What a `ResourceLimitExceeded` says about a quota that is shared by all endpoints of the
/// account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedQuota {
    /// The quota.
    pub limit: u32,
    /// What is allocated now, by all users of the account.
    pub in_use: u32,
}

impl Session {
    /// The account's quota of `MaxConcurrency` summed over all serverless endpoints; `None` where
    /// it cannot be read, which needs the permission `servicequotas:GetServiceQuota` and is not
    /// worth an error.
    pub async fn concurrency_quota(&self) -> Option<u32> {
        let call = self
            .quotas
            .get_service_quota()
            .service_code("sagemaker")
            .quota_code(TOTAL_CONCURRENCY);
        match call.send().await {
            Ok(output) => output.quota?.value.and_then(to_count),
            Err(error) => {
                let error = AwsError::new("GetServiceQuota", &error);
                tracing::info!(%error, "the concurrency quota cannot be read");
                None
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a positive number of u32"
)]
fn to_count(value: f64) -> Option<u32> {
    (value >= 0.0 && value <= f64::from(u32::MAX)).then_some(value as u32)
}

/// Reads the words of a quota that endpoints share, so that waiting for one of them to be deleted
/// helps. `None` for others, such as the largest memory size of an endpoint.
///
/// AWS's words: "The account-level service limit 'Maximum total concurrency that can be allocated
/// across all serverless endpoints' is 10, with current utilization of 8 and a request delta of 4."
pub fn shared_quota(message: &str) -> Option<SharedQuota> {
    let lower = message.to_lowercase();
    if !lower.contains("concurrency") {
        return None;
    }
    let after = |words: &str| {
        let (_, rest) = lower.split_once(words)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    Some(SharedQuota {
        limit: after("' is ")?,
        in_use: after("utilization of ")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_concurrency_quota_are_read_and_others_are_not() {
        let concurrency = "The account-level service limit 'Maximum total concurrency that can be allocated across all \
                           serverless endpoints' is 10, with current utilization of 8 and a request delta of 4.";
        assert_eq!(
            shared_quota(concurrency),
            Some(SharedQuota {
                limit: 10,
                in_use: 8
            })
        );
        let memory = "The account-level service limit 'Memory size in MB per serverless endpoint' is 3072 MBs, with \
                      current utilization of 0 MBs and a request delta of 4096 MBs.";
        assert_eq!(shared_quota(memory), None);
        assert_eq!(shared_quota("total concurrency is spent"), None);
    }

    #[test]
    fn a_quota_is_a_whole_number() {
        assert_eq!(to_count(10.0), Some(10));
        assert_eq!(to_count(-1.0), None);
        assert_eq!(to_count(f64::NAN), None);
    }
}
