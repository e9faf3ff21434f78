//! `--help` teaches.

use crate::support::scimctl;

#[tokio::test]
async fn every_group_of_commands_shows_how_it_is_used() {
    for (command, example) in [
        ("user", "scimctl user import hr.csv --update"),
        ("group", "scimctl group export groups.csv --tenant acme"),
        ("tenant", "scimctl tenant erase acme --dry-run"),
        ("values", "scimctl values add rolesString Agent Supervisor"),
    ] {
        let help = scimctl(&[command, "--help"]).await.with_code(0).out;
        assert!(help.contains("Examples:\n") && help.contains(example), "{help}");
        assert!(scimctl(&["--help"]).await.out.contains(&format!("  {command} ")), "{command}");
    }
    for (command, told) in [
        (["user", "import"], "userName,active,name.givenName"),
        (["group", "export"], "FILE.partial"),
        (["user", "restore"], "scimctl user restore 3f2b5d7c-… --groups"),
        (["user", "verify-password"], "read -rs password"),
        (["user", "purge"], "scimctl user purge --inactive-for 90d --yes"),
        (["tenant", "erase"], "scimctl tenant erase acme --yes --json"),
    ] {
        let help = scimctl(&[command[0], command[1], "--help"]).await.with_code(0).out;
        assert!(help.contains(told), "{help}");
    }
}
