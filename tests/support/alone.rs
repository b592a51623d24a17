//! Tests that need a process of their own: for what the environment decides, and for what memory they take.

/// Runs one test of this program again, alone, with `variables`.
pub fn alone(test: &str, variables: &[(&str, String)]) {
    #[expect(clippy::disallowed_methods, reason = "a test runs itself again")]
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env("MATINS_TEST_ALONE", test);
    let output = command.envs(variables.iter().map(|(key, value)| (key, value))).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

pub fn is_alone(test: &str) -> bool {
    std::env::var("MATINS_TEST_ALONE").is_ok_and(|alone| alone == test)
}
