//! Who has power on a server, beyond what its own files list.

use super::*;

#[tokio::test]
async fn root_finds_keys_of_whom_a_directory_does_not_list() {
    let machine = Machine::new();
    if with_homes(&machine).await.is_none() {
        return;
    }
    let (said, status) = machine.says("power=root lacks=", KEYS, "keys").await;
    assert_eq!(status, Some(0), "{said}");
    let mut told: Vec<&str> = said.lines().filter(|line| !line.starts_with("256 SHA256:")).collect();
    told.sort_unstable();
    let files =
        ["/home/anna/.ssh/authorized_keys2", "/home/org/roman/.ssh/authorized_keys", "/root/.ssh/authorized_keys"];
    assert_eq!(told, files);
    // Deeper than it looks by itself, of somebody who is listed.
    let public = fs::read_to_string(machine.path("key.pub")).unwrap();
    machine.write("home/a/b/c/.ssh/authorized_keys", &public);
    let (said, _) = machine.says("power=root lacks=", KEYS, "keys").await;
    assert_eq!(said.lines().filter(|line| *line == "/home/a/b/c/.ssh/authorized_keys").count(), 1, "{said}");
}

#[tokio::test]
async fn groups_that_make_somebody_root_are_asked_for_by_name_too() {
    let machine = Machine::new();
    let answer = async |named: &str| {
        machine
            .program("getent", &format!("case $* in group) echo users:x:100: ;; 'group root sudo '*) {named} ;; esac"));
        machine.says("", &["groups"], "groups").await
    };
    let (said, status) = answer("echo sudo:x:27:eve; exit 2").await;
    assert_eq!((said.as_str(), status), ("users:x:100:\nsudo:x:27:eve\n", Some(0)));
    // Who hung or broke did not say that there is none.
    assert_eq!(answer("exit 124").await.1, Some(124));
    machine.program("getent", "exit 1");
    assert_eq!(machine.says("", &["groups"], "groups").await.1, Some(1));
}

#[tokio::test]
async fn what_sshd_is_told_of_keys_is_passed_on_and_what_may_not_be_read_is_told() {
    let machine = Machine::new();
    let ask = async || machine.says("", &["sshd"], "sshd").await;
    assert_eq!(ask().await, (String::new(), Some(0)), "no sshd at all");
    let stock = "Include /etc/ssh/sshd_config.d/*.conf\n#AuthorizedKeysFile\t.ssh/authorized_keys\n#AuthorizedKeysCommand none\n\
        #AuthorizedKeysCommandUser nobody\nUsePAM yes\n";
    machine.write("etc/ssh/sshd_config", stock);
    assert_eq!(ask().await, ("Include /etc/ssh/sshd_config.d/*.conf\n".into(), Some(0)));
    machine.write("etc/ssh/sshd_config", "UsePAM yes\n");
    assert_eq!(ask().await, (String::new(), Some(0)));
    machine.write("etc/ssh/sshd_config.d/a.conf", "  authorizedkeysfile=/x\nTrustedUserCAKeys\t\"/y\"\n");
    machine.write("etc/ssh/sshd_config.d/b.conf", "");
    let mode = if rustix::process::getuid().is_root() { 0o600 } else { 0o000 };
    lock(&machine.path("etc/ssh/sshd_config.d/b.conf"), mode);
    let told = "? /etc/ssh/sshd_config.d/b.conf\n  authorizedkeysfile=/x\nTrustedUserCAKeys\t\"/y\"\n";
    assert_eq!(ask().await, (told.into(), Some(0)));
    lock(&machine.path("etc/ssh/sshd_config.d"), mode);
    let (said, _) = ask().await;
    lock(&machine.path("etc/ssh/sshd_config.d"), 0o755);
    assert_eq!(said, "? /etc/ssh/sshd_config.d\n");
}

#[tokio::test]
async fn another_configuration_of_sshd_is_news() {
    let machine = Machine::new();
    machine.program("ss", "exit 0");
    machine.program("id", "echo 1000");
    machine.program("last", "exit 1");
    machine.write("etc/ssh/sshd_config", "UsePAM yes\n");
    let known = digest(&answer_to(&machine, "", "none").await);
    assert!(answer_to(&machine, &known, "none").await.starts_with("#same"));
    machine.write("etc/ssh/sshd_config.d/a.conf", "AuthorizedKeysFile /x\n");
    let news = answer_to(&machine, &known, "none").await;
    assert!(news.starts_with("#digest"), "{news}");
}
