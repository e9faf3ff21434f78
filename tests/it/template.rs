//! What `template.yaml` and its nested stacks must say that no linter asks for.

use std::fs;

use tests::requirements::root;

/// The lines of a resource of the template.
fn resource(name: &str) -> Vec<String> {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let lines = template.lines().skip_while(|line| *line != format!("  {name}:")).skip(1);
    let lines: Vec<_> = lines
        .take_while(|line| !line.starts_with("  ") || line.starts_with("   "))
        .map(str::to_owned)
        .collect();
    assert!(!lines.is_empty(), "the template has no {name}");
    lines
}

/// RFC 7644 §7.4. Letters and digits carry some six bits each.
#[test]
fn the_first_token_cannot_be_guessed() {
    const LEAST_CHARACTERS: u32 = 43;
    let lines = resource("DefaultConnector");
    let value = |key: &str| {
        let line = lines.iter().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("{key} in {lines:#?}")).to_owned()
    };
    assert_eq!(value("GenerateStringKey"), "token");
    let length: u32 = value("PasswordLength").parse().unwrap();
    assert!(length >= LEAST_CHARACTERS, "{length} characters");
    assert_eq!(value("SecretStringTemplate"), "'{\"tenant\":\"default\"}'", "it holds no token of its own");
}

#[test]
fn every_alarm_tells_whoever_is_to_be_told() {
    let alarms = fs::read_to_string(root().join("infra/alarms.yaml")).unwrap();
    let count = |text: &str| alarms.lines().filter(|line| line.trim() == text).count();
    let told = "AlarmActions: !If [HasAlarmEmail, [!Ref Topic], !Ref AWS::NoValue]";
    assert!(count("Type: AWS::CloudWatch::Alarm") >= 8);
    assert_eq!(count("Type: AWS::CloudWatch::Alarm"), count(told));
    assert_eq!(count("- {Protocol: email, Endpoint: !Ref AlarmEmail}"), 1);
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    assert!(template.contains("AlarmEmail: !Ref AlarmEmail"));
}
