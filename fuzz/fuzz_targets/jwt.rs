#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evertoken_fuzz::jwt(data));
