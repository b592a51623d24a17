//! Drupal sites, by what their `composer.lock` says.

use serde::{Deserialize, Serialize};

use crate::domain::Shown;

/// What the register says of a site; the subject's name is its host name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteDeclared {
    /// The server that it is on.
    pub server: Shown,
    /// The folder with its `composer.lock`.
    pub root: Shown,
}

/// One reading of a site's `composer.lock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSeen {
    pub packages: Vec<ComposerPackage>,
    /// The lock's `content-hash`.
    pub content_hash: Option<Shown>,
}

/// One locked package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposerPackage {
    /// `drupal/core`, `drupal/webform`, `symfony/http-kernel`.
    pub name: Shown,
    /// As the lock has it: `10.5.3`, `6.2.9`, `dev-1.x`.
    pub version: Shown,
    /// `drupal-module`, `drupal-core`, `library` …
    pub kind: Option<Shown>,
    /// Composer's `abandoned`: true, or the name of what replaces it.
    pub abandoned: Option<Shown>,
    /// Drupal's `extra.drupal.security-coverage.status`: `covered`, `not-covered`.
    pub coverage: Option<Shown>,
}
