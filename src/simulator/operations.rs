//! The operations that the simulator implements, and their services.

/// A service of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    SageMaker,
    SageMakerRuntime,
    CloudWatch,
    CloudWatchLogs,
    ServiceQuotas,
    SecurityTokens,
    S3,
    PriceList,
}

impl Api {
    /// Prefix of its IAM actions.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::SageMaker | Self::SageMakerRuntime => "sagemaker",
            Self::CloudWatch => "cloudwatch",
            Self::CloudWatchLogs => "logs",
            Self::ServiceQuotas => "servicequotas",
            Self::SecurityTokens => "sts",
            Self::S3 => "s3",
            Self::PriceList => "pricing",
        }
    }
}

macro_rules! operations {
    ($($api:ident: $($name:ident)+;)+) => {
        /// An operation, by its name in the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Operation {
            $($($name,)+)+
        }

        impl Operation {
            const ALL: &[Self] = &[$($(Self::$name,)+)+];

            pub(super) const fn name(self) -> &'static str {
                match self {
                    $($(Self::$name => stringify!($name),)+)+
                }
            }

            pub(super) const fn api(self) -> Api {
                match self {
                    $($(Self::$name)|+ => Api::$api,)+
                }
            }
        }
    };
}

operations! {
    SageMaker:
        AddTags CreateEndpoint CreateEndpointConfig CreateModel CreateProcessingJob DeleteEndpoint
        DeleteEndpointConfig DeleteModel DescribeEndpoint DescribeEndpointConfig DescribeModel
        DescribeProcessingJob ListEndpointConfigs ListEndpoints ListModels ListProcessingJobs
        ListTags StopProcessingJob;
    SageMakerRuntime: InvokeEndpoint;
    CloudWatch: GetMetricData GetMetricStatistics;
    CloudWatchLogs: DeleteLogGroup DescribeLogGroups DescribeLogStreams GetLogEvents;
    ServiceQuotas: GetServiceQuota;
    SecurityTokens: AssumeRoleWithWebIdentity GetCallerIdentity;
    S3: CreateBucket DeleteObject GetObject HeadBucket HeadObject ListObjectsV2 PutObject;
    PriceList: GetPriceListFile GetPriceListIndex;
}

impl Operation {
    /// `None` for a name that no operation has.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_name_and_no_other() {
        for operation in Operation::ALL {
            assert_eq!(Operation::parse(operation.name()), Some(*operation));
        }
        assert_eq!(Operation::ALL.len(), 37);
        assert_eq!(Operation::ListObjectsV2.name(), "ListObjectsV2");
        assert_eq!(Operation::parse("listtags"), None);
        assert_eq!(Operation::parse("CreateTrainingJob"), None);
    }

    #[test]
    fn invocations_are_allowed_as_actions_of_sagemaker() {
        assert_eq!(Operation::InvokeEndpoint.api().prefix(), "sagemaker");
        assert_eq!(Operation::GetServiceQuota.api().prefix(), "servicequotas");
    }
}
