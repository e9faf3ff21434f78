//! How each filter that an identity provider is known to send is found: not by looking at everything, but where no
//! index could help.

use rstest::rstest;
use scim::{
    filter,
    resource_type::{GROUPS, USERS},
};

#[rstest]
// Okta and Entra ID: matching, and the test of a connection.
#[case("Users", r#"userName eq "test.user@okta.local""#, "lookup(userName)")]
#[case("Users", r#"externalId eq "johnwong""#, "lookup(externalId)")]
#[case("Users", r#"emails[type eq "work"].value eq "user@contoso.com""#, "lookup(email)")]
#[case("Users", r#"emails.value eq "user@contoso.com""#, "lookup(email)")]
#[case("Groups", r#"displayName eq "Test SCIMv2""#, "lookup(displayName)")]
#[case("Groups", r#"externalId eq "johnwong""#, "lookup(externalId)")]
// Entra ID: whether a reference is there.
#[case("Users", r#"id eq "X" and manager eq "Y""#, "ids")]
#[case("Groups", r#"id eq "X" and members eq "Y""#, "ids")]
#[case("Groups", r#"id eq "X" and members[value eq "Y"]"#, "ids")]
#[case("Groups", r#"members.value eq "Y""#, "lookup(member)")]
// Microsoft's Postman collections.
#[case("Users", r#"id eq "X""#, "ids")]
#[case("Users", r#"userName sw "O""#, "range(userName)")]
#[case(
    "Users",
    r#"name.FamilyName eq "Employee" and (emails.Value co "example.com" or emails.Value co "example.org")"#,
    "range(email)"
)]
#[case("Users", r#"DisplayName eq "BobIsAmazing""#, "scan")]
#[case("Users", r#"meta.Created gt "2020-10-10T14:38:21.8617979-07:00""#, "scan")]
#[case(
    "Users",
    r#"active eq true and (meta.lastModified ge "2020-10-10T14:38:21Z" and meta.lastModified le "2021-10-10T14:38:21Z")"#,
    "scan"
)]
fn a_filter_of_a_client_has_a_plan(#[case] endpoint: &str, #[case] text: &str, #[case] plan: &str) {
    let resource_type = if endpoint == "Users" { &USERS } else { &GROUPS };
    let filter = filter::parse(text).unwrap();
    filter.check(resource_type).unwrap();
    assert_eq!(filter.plan(resource_type).to_string(), plan, "{text}");
}
