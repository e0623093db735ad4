//! `/api/v1/evp`, for the operator, and `/evp/LINK`, for cameras.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use playfield_core::api::Problem;
use playfield_core::evp::api::{
    CallMethod, Camera, CameraFiles, CameraModule, CameraModules, Cameras, EnrolCamera, EnrolledCamera, PutSetting,
    SettingKept, Twin,
};
use playfield_core::evp::{Answer, Deployment, Key};
use playfield_core::id::EvpId;

use super::App;
use super::body::{Json, Path, created, json, whole};
use super::caller::Caller;
use crate::evp::{no_camera, refused};
use crate::failure::{Failure, Kind};
use crate::mqtt::Verb;

/// All cameras that speak MQTT. For the operator, as is everything here.
#[utoipa::path(get, path = "/api/v1/evp/devices", tag = "cameras over MQTT", responses((status = 200, body = Cameras)))]
pub(super) async fn list(State(app): App, Extension(caller): Extension<Caller>) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &Cameras { cameras: app.cameras().await? }))
}

/// Enrols a camera: with a certificate that it has, with a code that it looks at, or else with a user and a password, which are
/// told once.
#[utoipa::path(post, path = "/api/v1/evp/devices", tag = "cameras over MQTT", request_body = EnrolCamera, responses(
    (status = 201, body = EnrolledCamera),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn enrol(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Json { value: wanted, .. }: Json<EnrolCamera>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let enrolled = app.enrol_camera(wanted).await?;
    created(&enrolled, &format!("/api/v1/evp/devices/{}", enrolled.camera.id))
}

/// A camera.
#[utoipa::path(get, path = "/api/v1/evp/devices/{id}", tag = "cameras over MQTT", params(("id" = String, Path)), responses(
    (status = 200, body = Camera),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.camera(&camera_id(&id)?).await?))
}

/// A camera may not come any more. If it is connected, that ends now; links it was given are good no more.
#[utoipa::path(delete, path = "/api/v1/evp/devices/{id}", tag = "cameras over MQTT", params(("id" = String, Path)), responses(
    (status = 204, description = "It may not come any more"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn revoke(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    app.revoke_camera(&camera_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What should run on a camera, from now on. Without instances and modules everything on it stops. Modules are named by the
/// SHA-256 of bytes that were uploaded before; the camera gets links to them that are good for a while.
#[utoipa::path(put, path = "/api/v1/evp/devices/{id}/deployment", tag = "cameras over MQTT", params(("id" = String, Path)),
    request_body = Deployment, responses(
        (status = 200, body = Deployment, description = "It is written down; the camera's `status` tells how far it is"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn deploy(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json { value: wanted, .. }: Json<Deployment>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.deploy(&camera_id(&id)?, wanted).await?))
}

/// Both halves of a camera's twin: settings that are wanted, states that were reported.
#[utoipa::path(get, path = "/api/v1/evp/devices/{id}/twin", tag = "cameras over MQTT", params(("id" = String, Path)), responses(
    (status = 200, body = Twin),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn twin(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.twin(&camera_id(&id)?).await?))
}

/// A setting of an instance on a camera. `$system` is the camera itself, `$agent` the program that runs instances.
#[utoipa::path(put, path = "/api/v1/evp/devices/{id}/settings/{instance}/{topic}", tag = "cameras over MQTT",
    params(("id" = String, Path), ("instance" = String, Path), ("topic" = String, Path)), request_body = PutSetting,
    responses(
        (status = 200, body = SettingKept),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn set(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, instance, topic)): Path<(String, String, String)>,
    Json { value: wanted, .. }: Json<PutSetting>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    let key = Key::new(&instance, &topic).map_err(refused)?;
    Ok(json(StatusCode::OK, &app.set_camera(&camera_id(&id)?, key, wanted).await?))
}

/// An instance has a setting no more.
#[utoipa::path(delete, path = "/api/v1/evp/devices/{id}/settings/{instance}/{topic}", tag = "cameras over MQTT",
    params(("id" = String, Path), ("instance" = String, Path), ("topic" = String, Path)), responses(
        (status = 204, description = "It has it no more"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn unset(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, instance, topic)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    app.unset_camera(&camera_id(&id)?, Key::new(&instance, &topic).map_err(refused)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Calls a method of an instance on a camera, and answers with what came of it.
#[utoipa::path(post, path = "/api/v1/evp/devices/{id}/commands", tag = "cameras over MQTT", params(("id" = String, Path)),
    request_body = CallMethod, responses(
        (status = 200, body = Answer),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn call(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json { value: wanted, .. }: Json<CallMethod>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &app.call_camera(&camera_id(&id)?, wanted).await?))
}

/// A picture that a camera takes now. Only cameras that were set up to send pictures do.
#[utoipa::path(post, path = "/api/v1/evp/devices/{id}/image", tag = "cameras over MQTT", params(("id" = String, Path)),
    responses(
        (status = 200, content_type = "image/jpeg", body = Vec<u8>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn image(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(bytes("image/jpeg", app.camera_image(&camera_id(&id)?).await?))
}

/// Files that a camera brought, the newest first.
#[utoipa::path(get, path = "/api/v1/evp/devices/{id}/files", tag = "cameras over MQTT", params(("id" = String, Path)),
    responses(
        (status = 200, body = CameraFiles),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn files(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &CameraFiles { files: app.camera_files(&camera_id(&id)?).await? }))
}

/// A file that a camera brought.
#[utoipa::path(get, path = "/api/v1/evp/devices/{id}/files/{name}", tag = "cameras over MQTT",
    params(("id" = String, Path), ("name" = String, Path, description = "As it is listed, each `/` as `%2F`")), responses(
        (status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn file(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(bytes("application/octet-stream", app.camera_file(&camera_id(&id)?, name).await?))
}

/// Code for cameras, the newest first.
#[utoipa::path(get, path = "/api/v1/evp/modules", tag = "cameras over MQTT", responses((status = 200, body = CameraModules)))]
pub(super) async fn modules(State(app): App, Extension(caller): Extension<Caller>) -> Result<Response, Failure> {
    caller.signed_in()?;
    Ok(json(StatusCode::OK, &CameraModules { modules: app.camera_modules().await? }))
}

/// Uploads code for cameras: the body is its bytes.
#[utoipa::path(post, path = "/api/v1/evp/modules/{name}", tag = "cameras over MQTT",
    params(("name" = String, Path, description = "What it is called, 1 to 64 characters")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
        (status = 201, body = CameraModule),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn put_module(
    State(app): App,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    caller.signed_in()?;
    if headers.get(CONTENT_TYPE).is_none_or(|kind| kind != "application/octet-stream" && kind != "application/wasm") {
        let detail = "send the module's bytes, with the header `content-type: application/octet-stream`";
        return Err(Failure::new(Kind::UnsupportedMediaType, detail));
    }
    let bytes = whole(body, app.config.mqtt.module_mb)?;
    let module = app.put_camera_module(&name, bytes.to_vec()).await?;
    created(&module, "/api/v1/evp/modules")
}

/// A camera gets what its link is for.
pub(super) async fn get_link(State(app): App, Path(link): Path<String>) -> Result<Response, Failure> {
    let link = app.camera_link(&link, Verb::Get).await?;
    let _place = app.mqtt.passing.acquire().await.map_err(Failure::internal)?;
    Ok(bytes("application/octet-stream", app.camera_module(&link).await?))
}

/// A camera brings what its link is for.
pub(super) async fn put_link(
    State(app): App,
    Path(link): Path<String>,
    request: axum::extract::Request,
) -> Result<Response, Failure> {
    let link = app.camera_link(&link, Verb::Put).await?;
    let _place = app.mqtt.passing.acquire().await.map_err(Failure::internal)?;
    let body = Bytes::from_request(request, &app).await;
    let bytes = whole(body, app.config.mqtt.upload_mb)?;
    // In a task of its own: a camera that hangs up leaves no bytes that nobody knows of.
    let taking = app.clone();
    let work = tokio::spawn(async move { taking.take_camera_file(link, bytes.to_vec()).await });
    work.await.map_err(Failure::internal)??;
    Ok(StatusCode::CREATED.into_response())
}

fn bytes(kind: &'static str, bytes: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], bytes).into_response()
}

fn camera_id(id: &str) -> Result<EvpId, Failure> {
    id.parse().map_err(|_| no_camera(id))
}
