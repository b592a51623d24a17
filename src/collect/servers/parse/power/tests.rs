use super::super::sections::parse_sections;
use super::*;
use crate::domain::Read;

const ACCOUNTS: &str =
    "#accounts\n root:x:0:0:root:/root:/bin/bash\n anna:x:1000:1000:Anna,,,:/home/anna:/bin/bash\n\n rc=0\n";

fn power(text: &str) -> HostPower {
    parse_power(&parse_sections(format!("{ACCOUNTS}{text}").as_bytes()))
}

#[test]
fn a_list_of_accounts_without_root_is_not_whole() {
    for list in ["", " anna:x:1000:1000::/home/anna:/bin/sh\n", " nonsense\n"] {
        let sections = parse_sections(format!("#accounts\n{list}\n rc=0\n").as_bytes());
        assert!(parse_power(&sections).accounts.seen().is_none(), "{list}");
    }
    assert_eq!(power("").accounts.seen().unwrap().len(), 2);
    assert!(power("").groups.seen().is_none());
}

#[test]
fn keys_belong_to_whoever_has_their_folder_as_home() {
    let power = power(
        "#keys\n ? /home/roman\n /home/anna/.ssh/authorized_keys\n 256 SHA256:AAA anna@laptop 2026 (ED25519)\n \
         /root/.ssh/authorized_keys\n /root/.ssh/authorized_keys is not a public key file.\n 3072 SHA256:BBB no comment (RSA)\n \
         /srv/git/.ssh/authorized_keys\n 256 SHA256:CCC (ED25519)\n /etc/ssh/authorized_keys.d/anna\n \
         256 MD5:00 x (ED25519)\n 256 SHA256:DDD x (ED25519-SK)\n\n rc=0\n\
         #sshd\n AuthorizedKeysFile /etc/ssh/keys/%u\n\n rc=0\n",
    );
    let keys = power.keys.seen().unwrap();
    let told: Vec<String> =
        keys.keys.iter().map(|key| format!("{} {} {}", key.fingerprint, key.account, key.comment)).collect();
    assert_eq!(
        told,
        [
            "SHA256:AAA anna anna@laptop 2026",
            "SHA256:BBB root no comment",
            "SHA256:CCC /srv/git/.ssh/authorized_keys ",
            "SHA256:DDD anna x",
        ]
    );
    assert_eq!(keys.hidden, ["/home/roman", "AuthorizedKeysFile /etc/ssh/keys/%u"]);
    // Without sshd's words nobody knows where else keys lie.
    assert!(self::power("#keys\n\n rc=0\n").keys.seen().is_none());
}

#[test]
fn a_group_that_is_listed_and_asked_for_by_name_is_one() {
    let power = power(
        "#groups\n root:x:0:\n sudo:x:27:anna\n docker:x:990:\n root:x:0:\n sudo:x:27:anna\n sudo:x:27:roman\n\n rc=0\n",
    );
    let groups: Vec<String> =
        power.groups.seen().unwrap().iter().map(|group| format!("{} {:?}", group.name, group.members.len())).collect();
    assert_eq!(groups, ["docker 0", "root 0", "sudo 1", "sudo 1"]);
}

#[test]
fn logins_are_read_from_their_end() {
    let power = power(
        "#logins\n root             pts/1    127.0.0.1    Wed Nov 25 15:19:18 +0000 2026\n anna   pts/0  Tue Mar  3 08:00:00 +0100 2026\n x\n\n rc=0\n",
    );
    let logins = power.logins.seen().unwrap();
    assert_eq!(logins.len(), 2);
    assert_eq!((logins[1].account.as_str(), logins[1].at.to_string().as_str()), ("anna", "2026-03-03T07:00:00Z"));
}

/// What `last -w -i -n 400 --time-format iso` of util-linux 2.38.1 says of a wtmp that utmpdump made, and a session without
/// a terminal as wtmpdb tells of it.
const VISITS: &str = "#visits
 root     tty1         0.0.0.0          2026-11-26T08:10:00+00:00   gone - no logout
 anna     pts/2        203.0.113.7      2026-11-26T08:05:00+00:00   still logged in
 backup   ssh          203.0.113.8      2026-11-26T08:04:00+00:00   still logged in
 anna     pts/1        2001:db8::9      2026-11-26T08:00:00+00:00   gone - no logout
 roman    pts/0        203.0.113.9      2026-11-26T07:12:00+00:00 - 2026-11-26T07:40:00+00:00  (00:28)
 ben      pts/0        203.0.113.9      2026-11-26T06:12:00+00:00 - crash                      (00:10)
 ben      pts/0        127.0.0.1        2026-11-26T06:10:00+00:00 - 2026-11-26T06:11:00+00:00  (00:01)
 reboot   system boot  0.0.0.0          2026-11-26T05:00:00+00:00   still running

 wtmp begins 2026-11-26T05:00:00+00:00

 rc=0
";

#[test]
fn terminals_over_the_network_are_read_and_no_others() {
    let power = power(VISITS);
    let logins = power.remote_logins.seen().unwrap().as_ref().unwrap();
    let told: Vec<String> = logins.iter().map(|one| format!("{} {} {}", one.account, one.from, one.began)).collect();
    assert_eq!(told, ["anna 203.0.113.7 2026-11-26T08:05:00Z"]);
    // wtmpdb 0.73.0, as trixie has it.
    let newer = self::power(
        "#visits\n anna     pts/0        203.0.113.7      2026-11-26T22:11:29+0000  - still logged in           \n \
         ben      pts/1        203.0.113.8      2026-11-26T22:12:29+0000  - 2026-11-26T22:13:29+0000   (00:01)\n\n rc=0\n",
    );
    let logins = newer.remote_logins.seen().unwrap().as_ref().unwrap();
    assert_eq!(logins.len(), 1, "{logins:?}");
    assert_eq!((logins[0].account.as_str(), logins[0].began.to_string().as_str()), ("anna", "2026-11-26T22:11:29Z"));
    let missing = self::power("#visits\n sh: 1: last: not found\n\n rc=127\n");
    assert_eq!(missing.remote_logins, Read::Seen(None));
    let broken = self::power("#visits\n last: cannot open /var/log/wtmp: No such file or directory\n\n rc=1\n");
    let fault = broken.remote_logins.as_result().unwrap_err();
    assert!(fault.said.as_str().starts_with("last failed with 1: last: cannot open"), "{fault}");
}
