// The authorization server of the tests: oidc-provider, configured strictly, on loopback.
//
// Beside it stands /control: what it counted, and what it is to do otherwise from now on. A fault
// is an answer in the place of the server's own; all else is what the certified server says.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const redirect = process.argv[3];
const issuer = `http://127.0.0.1:${port}`;
const settings = { life: 3600, fault: null, mailboxes: {} };
const calls = {};

const code = {
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  redirect_uris: [redirect, `${redirect}/other`],
  response_types: ['code'],
};
const service = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };

const provider = new Provider(issuer, {
  clients: [
    { client_id: 'vedette', client_secret: 'the-secret-of-vedette', token_endpoint_auth_method: 'client_secret_post', ...code },
    { client_id: 'basic', client_secret: 'a secret/with:signs', token_endpoint_auth_method: 'client_secret_basic', ...code },
    { client_id: 'public', token_endpoint_auth_method: 'none', ...code },
    { client_id: 'stranger', client_secret: 'the-secret-of-a-stranger', token_endpoint_auth_method: 'client_secret_post', ...code },
    { client_id: 'daemon', client_secret: 'the-secret-of-a-daemon', token_endpoint_auth_method: 'client_secret_post', ...service },
    { client_id: 'imap', client_secret: 'imap', token_endpoint_auth_method: 'client_secret_basic', ...service },
  ],
  scopes: ['openid', 'offline_access', 'email'],
  claims: { openid: ['sub'], email: ['email'] },
  conformIdTokenClaims: false,
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id.includes('@') ? id : `${id}@example.org` }),
  }),
  extraTokenClaims: (ctx, token) => ({
    username: token.kind === 'ClientCredentials' ? settings.mailboxes[token.clientId] : token.accountId,
  }),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  ttl: {
    AccessToken: () => settings.life,
    ClientCredentials: () => settings.life,
    AuthorizationCode: 60,
    DeviceCode: 600,
    Grant: 86400,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 86400,
  },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    userinfo: { enabled: true },
  },
  cookies: { keys: ['a key of the tests'] },
});

const handler = provider.callback();

async function text(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

createServer(async (request, response) => {
  const path = request.url.split('?')[0];
  if (path === '/control') {
    if (request.method === 'POST') Object.assign(settings, JSON.parse(await text(request)));
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(calls));
    return;
  }
  calls[path] = (calls[path] ?? 0) + 1;
  const { fault } = settings;
  if (fault !== null && path === '/token') {
    request.resume();
    response.writeHead(fault.status, fault.headers ?? {});
    response.end(fault.body ?? '');
    return;
  }
  handler(request, response);
}).listen(port, '127.0.0.1', () => console.log('ready'));
