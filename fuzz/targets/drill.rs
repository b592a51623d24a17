#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|said: &[u8]| {
    let _ = matins::collect::backups::parse_beside("drill", said);
});
