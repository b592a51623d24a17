#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|said: &[u8]| {
    let _ = matins::collect::vpn::parse("wireguard", said);
});
