//! Names of connectors and tenants.

/// A name of a connector or a tenant.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    if connector::is_name(text) {
        return Ok(text.to_owned());
    }
    Err("a name is 1 to 32 of the characters a-z, 0-9 and -".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_the_endpoint_reads_out_of_a_token() {
        for good in ["okta", "default", "a", "okta-eu-2", &"a".repeat(32)] {
            assert_eq!(parse(good).as_deref(), Ok(good));
        }
        for bad in ["", "Okta", "a b", "a/b", "a_b", "é", &"a".repeat(33)] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
