// openid-client 6: the whole life of a grant, with discovery, PKCE and the checks that the library makes by itself.
import assert from "node:assert/strict";
import * as client from "openid-client";
import { account, apiStatus, consent, tell } from "./person.mjs";

const config = await client.discovery(
  new URL(account.base_url),
  account.client_id,
  undefined,
  client.ClientSecretBasic(account.client_secret),
  { algorithm: "oauth2", execute: [client.allowInsecureRequests] },
);

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const callback = await consent(
  client.buildAuthorizationUrl(config, {
    redirect_uri: account.redirect_uri,
    scope: "tuser.account",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
  }),
);

// A redirect that names another issuer, or another state, is refused before anything is sent.
for (const [name, value] of [["iss", "https://attacker.example"], ["state", "other"]]) {
  const forged = new URL(callback);
  forged.searchParams.set(name, value);
  await assert.rejects(client.authorizationCodeGrant(config, forged, { pkceCodeVerifier: verifier, expectedState: state }));
}

const first = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier: verifier, expectedState: state });
assert.equal(first.token_type, "bearer");
assert.equal(first.expires_in, 3600);
assert.equal(await apiStatus(first.access_token), 200);

const second = await client.refreshTokenGrant(config, first.refresh_token);
assert.notEqual(second.access_token, first.access_token);
assert.notEqual(second.refresh_token, first.refresh_token);
assert.equal(await apiStatus(second.access_token), 200);

const seen = await client.tokenIntrospection(config, second.access_token);
assert.equal(seen.active, true);
assert.equal(seen.client_id, account.client_id);
assert.equal(seen.scope, "tuser.account");

await client.tokenRevocation(config, second.refresh_token, { token_type_hint: "refresh_token" });
assert.equal((await client.tokenIntrospection(config, second.access_token)).active, false);
assert.equal(await apiStatus(second.access_token), 401);
await assert.rejects(client.refreshTokenGrant(config, second.refresh_token), { error: "invalid_grant" });

tell({ issuer: config.serverMetadata().issuer });
