#![no_main]

use libfuzzer_sys::fuzz_target;
use matins::collect::backups::parse;

fuzz_target!(|said: &[u8]| {
    for kind in ["restic", "borg", "btrfs", "snapper", "zfs", "mirror", "command", "directory", "hetzner", "proxmox"] {
        let _ = parse(kind, said);
    }
});
