#![no_main]

use libfuzzer_sys::fuzz_target;
use matins::collect::backups::parse_beside;

fuzz_target!(|said: &[u8]| {
    for what in ["restic lock", "restic locks", "restic complaints", "borg lock", "borg complaints"] {
        let _ = parse_beside(what, said);
    }
});
