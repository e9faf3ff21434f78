//! The functions of the template in this process, each with connections of its own, behind the template's routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client as Secrets;
use aws_smithy_http_client::Builder;
use axum::Router;
use axum::extract::Request;
use connector::Connectors;
use directory::Directory;
use endpoint::{Config, Service};
use faults::Wire;
use local::{Options, PREFIX, Stack, TABLE, aws};
use tower::ServiceExt;

use super::{Recorded, calls};
use crate::sandbox;

/// Which functions there are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Functions {
    /// All, each behind its routes.
    Routed,
    /// The one for everything else alone: what requests to another base path meet.
    RestOnly,
}

type Routes = fn(&Arc<Service>) -> Router;

/// The name of that one.
const REST: &str = "resources";

/// Functions, and what they call.
pub(super) struct Deployment {
    routers: BTreeMap<&'static str, Router>,
    wires: BTreeMap<&'static str, [Wire; 2]>,
}

impl Deployment {
    /// The functions on what `stack` stands on.
    pub(super) fn new(stack: &Stack, functions: Functions) -> Self {
        let all: [(&str, Routes); 6] = [
            (REST, endpoint::all),
            ("users", endpoint::users),
            ("groups", endpoint::groups),
            ("bulk", endpoint::bulk),
            ("discovery", endpoint::discovery),
            ("health", endpoint::health),
        ];
        let some = if matches!(functions, Functions::RestOnly) { &all[..1] } else { &all[..] };
        let mut deployment = Self { routers: BTreeMap::new(), wires: BTreeMap::new() };
        for (name, routes) in some {
            let (table, to_table) = sandbox::client(stack.stand_ins.engine.url());
            let to_secrets = Wire::new(Builder::new().build_http());
            let secrets = aws::secrets(stack.stand_ins.secrets.url());
            let secrets = secrets.config().to_builder().http_client(to_secrets.clone()).build();
            let service = Service::new(
                Config::new(TABLE, PREFIX).with_base_path(&Options::default().base_path),
                Directory::new(table, TABLE),
                Connectors::new(Secrets::from_conf(secrets), PREFIX),
            );
            deployment.routers.insert(name, endpoint::front(routes(&service), &service));
            deployment.wires.insert(name, [to_table, to_secrets]);
        }
        deployment
    }

    /// What API Gateway does: each path to its function.
    pub(super) fn router(&self) -> Router {
        let (functions, routes) = (self.routers.clone(), routes());
        Router::new().fallback(async move |request: Request| {
            let path = request.uri().path();
            let name = routes.iter().find(|(route, _)| fits(route, path)).map_or(REST, |(_, name)| name);
            let function = functions.get(name).unwrap_or(&functions[REST]).clone();
            function.oneshot(request).await
        })
    }

    /// What each function has called so far.
    pub(super) fn recorded(&self) -> Recorded {
        let wires = self.wires.iter();
        wires.map(|(name, wires)| ((*name).to_owned(), wires.iter().flat_map(calls).collect())).collect()
    }
}

/// The routes of `template.yaml`, which those of Cargo.toml repeat; the longer before the shorter.
fn routes() -> Vec<(String, String)> {
    let workspace: toml::Table = include_str!("../../../Cargo.toml").parse().unwrap();
    let routes = workspace["workspace"]["metadata"]["lambda"]["watch"]["router"].as_table().unwrap();
    let mut routes: Vec<_> =
        routes.iter().map(|(path, function)| (path.clone(), function.as_str().unwrap().to_owned())).collect();
    routes.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    routes
}

fn fits(route: &str, path: &str) -> bool {
    match route.strip_suffix("{*proxy}") {
        Some(prefix) => path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()),
        None => route == path,
    }
}
