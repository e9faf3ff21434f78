//! Secrets Manager's one operation that is needed.

use aws_sdk_secretsmanager::{
    Client, error::DisplayErrorContext, operation::get_secret_value::GetSecretValueError,
};

use crate::Error;

/// Reads the secret `<prefix>/<name>`, whose text `parse` understands; `None` when there is none of this name.
pub(crate) async fn fetch<T>(
    client: &Client,
    prefix: &str,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, Error> {
    match client.get_secret_value().secret_id(format!("{prefix}/{name}")).send().await {
        Ok(answer) => parse(answer.secret_string().unwrap_or_default())
            .map(Some)
            .map_err(|reason| Error::Unreadable(name.to_owned(), reason)),
        Err(error) => match error.as_service_error() {
            Some(
                GetSecretValueError::ResourceNotFoundException(_)
                | GetSecretValueError::InvalidRequestException(_),
            ) => Ok(None),
            _ => Err(Error::Unavailable(DisplayErrorContext(&error).to_string())),
        },
    }
}
