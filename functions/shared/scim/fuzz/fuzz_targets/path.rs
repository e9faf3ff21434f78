//! Any text as the path of a PATCH operation.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| fuzz::path(text));
