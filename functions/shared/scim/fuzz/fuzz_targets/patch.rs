//! Any text as the body of a PATCH.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| fuzz::patch(text));
