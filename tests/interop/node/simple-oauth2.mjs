// simple-oauth2: a plain client of RFC 6749 as many products have it; no discovery, no PKCE.
import assert from "node:assert/strict";
import { AuthorizationCode } from "simple-oauth2";
import { account, apiStatus, consent, tell } from "./person.mjs";

const client = new AuthorizationCode({
  client: { id: account.client_id, secret: account.client_secret },
  auth: { tokenHost: account.base_url },
});

const callback = await consent(
  client.authorizeURL({ redirect_uri: account.redirect_uri, scope: "tuser.account", state: "some state & more" }),
);
assert.equal(callback.searchParams.get("state"), "some state & more");

const request = { code: callback.searchParams.get("code"), redirect_uri: account.redirect_uri };
const first = await client.getToken(request);
assert.equal(first.token.token_type, "Bearer");
assert.equal(first.expired(), false);
assert.equal(await apiStatus(first.token.access_token), 200);

const second = await first.refresh();
assert.notEqual(second.token.refresh_token, first.token.refresh_token);
assert.equal(await apiStatus(second.token.access_token), 200);

await second.revoke("access_token");
assert.equal(await apiStatus(second.token.access_token), 401);
await second.revoke("refresh_token");
await assert.rejects(second.refresh());
await assert.rejects(client.getToken(request));

tell({ issuer: callback.searchParams.get("iss") });
