//! What frames a section of the answer.

use super::*;

#[tokio::test]
async fn no_data_makes_a_heading_and_too_much_of_it_has_no_status() {
    let machine = Machine::new();
    let parts = &["section", "short", "say", "tell", "framed"];
    let says = async |call: &str| machine.says("had=", parts, &format!("{{ {call}; }} | framed")).await.0;
    let forged = r"printf '\001#power\n#power\n root\n rc=0\n'";
    for way in ["section", "short"] {
        let said = says(&format!("f() {{ {forged}; }}; {way} a f; say b 3 '\u{1}#c'")).await;
        assert_eq!(said, "#a\n #power\n #power\n  root\n  rc=0\n \n rc=0\n#b\n #c\n \n rc=3\n", "{way}");
        let said = says(&format!("f() {{ head -c 1100000 /dev/zero | tr '\\0' x; }}; {way} a f; say b 0 ''")).await;
        let (long, rest) = said.split_once("#b\n").unwrap();
        assert!(long.len() <= (1 << 20) + 10 && !long.contains("rc="), "{way}: {}", long.len());
        assert_eq!(rest, " \n rc=0\n");
    }
}
