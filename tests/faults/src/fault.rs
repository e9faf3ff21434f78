//! What goes wrong with a request.

mod batch;

use std::{collections::BTreeSet, time::Duration};

use aws_smithy_runtime_api::client::{
    http::SharedHttpConnector,
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use serde_json::Value;

use crate::{answer, gate::Gate, request::Request, wire::Wire};

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// It is answered 400 with this body, and not done. See [`refused`] and [`cancelled`].
    Refused(String),
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is lost, and not done.
    RequestLost,
    /// The service answers 500, and it is not done.
    Down,
    /// Of a batch, nothing is done, and the answer says so.
    HeldBack,
    /// Of a batch, so many items are done, and the answer names the rest.
    Part(usize),
    /// Of a batch, all items are done but those at these places, which the answer names.
    Without(BTreeSet<usize>),
    /// It is done this much later. Other faults may still meet it.
    Delayed(Duration),
    /// It is done when the gate is opened. Other faults may still meet it.
    Held(Gate),
    /// It is answered with this, and not done.
    Answered(Value),
    /// The process that sends it is dead: it is not done, and the SDK does not try it again.
    Dead,
}

/// A cancelled transaction, with a reason for each action.
#[must_use]
pub fn cancelled(codes: &[&str]) -> Fault {
    let reasons: Vec<_> = codes.iter().map(|code| format!(r#"{{"Code":"{code}"}}"#)).collect();
    Fault::Refused(format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled","CancellationReasons":[{}]}}"#,
        reasons.join(",")
    ))
}

/// An error of this name.
#[must_use]
pub fn refused(name: &str) -> Fault {
    Fault::Refused(format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{name}","message":"for the test"}}"#
    ))
}

impl Wire {
    /// Lets a fault happen to a request.
    pub(crate) async fn happen(
        &self,
        fault: Fault,
        request: Request,
        http: HttpRequest,
        inner: &SharedHttpConnector,
    ) -> Result<HttpResponse, ConnectorError> {
        match fault {
            Fault::Refused(body) => answer::made(400, body),
            Fault::Down => answer::made(500, r#"{"__type":"InternalServerError"}"#.to_owned()),
            Fault::Answered(body) => answer::made(200, body.to_string()),
            Fault::Dead => Err(ConnectorError::user("the process is dead".into())),
            Fault::RequestLost => Err(ConnectorError::io("the connection was closed before".into())),
            Fault::AnswerLost => {
                self.pass(&request, http, inner).await?;
                Err(ConnectorError::io("the connection was closed".into()))
            }
            Fault::HeldBack => self.without(|_| true, request, http, inner).await,
            Fault::Part(count) => self.without(|place| place >= count, request, http, inner).await,
            Fault::Without(places) => {
                self.without(|place| places.contains(&place), request, http, inner).await
            }
            Fault::Delayed(_) | Fault::Held(_) => self.pass(&request, http, inner).await,
        }
    }
}
