//! Two servers on one table are asked for the same user at once: one creates it, nobody creates it twice.

use futures::future::join_all;
use http::Method;
use tests::Target;
use tests::server::Server;

use crate::dev_server::{LOCAL, authorization, user};

const REQUESTS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_creates_of_one_name_make_one_user() {
    let first = Server::start(LOCAL, &["--port", "0", "--token", "same"]).await.unwrap();
    let engine = first.ready.engine_url.clone();
    let second =
        Server::start(LOCAL, &["--port", "0", "--token", "same", "--engine", &engine]).await.unwrap();
    let targets = [&first, &second].map(|server| Target::http(&server.ready.base_url).unwrap());
    let headers = authorization(&first);

    let answers = join_all((0..REQUESTS).map(|index| {
        let name = if index % 3 == 0 { "BJensen" } else { "bjensen" };
        let (target, headers) = (targets[index % 2].clone(), headers.clone());
        tokio::spawn(async move { target.send(&Method::POST, "/Users", &headers, user(name)).await.unwrap() })
    }))
    .await;

    let (created, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().map(Result::unwrap).partition(|answer| answer.status == 201);
    assert_eq!(created.len(), 1);
    let winner = created[0].json().unwrap()["id"].as_str().unwrap().to_owned();
    for answer in refused {
        let error = answer.json().unwrap();
        assert_eq!(
            (answer.status.as_u16(), error["scimType"].as_str()),
            (409, Some("uniqueness")),
            "{error}"
        );
        assert!(error["detail"].as_str().unwrap().contains(&winner), "{error}");
    }
    let listed = targets[1].send(&Method::GET, "/Users", &headers, vec![]).await.unwrap().json().unwrap();
    assert_eq!((&listed["totalResults"], &listed["Resources"][0]["id"]), (&1.into(), &winner.into()));
    second.stop().await.unwrap();
    first.stop().await.unwrap();
}
