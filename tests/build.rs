//! A new fixture is a new test, so cargo has to look for them.

fn main() {
    println!("cargo::rerun-if-changed=fixtures");
}
