// The tab holds the key file as if its person had chosen it at the sign-in page (api/console/assets/src/office/officerkey.js,
// `keepFile`): sealed as it lies on the disk. The PIN is asked for there, and there alone the key is opened.
const { key, name, then } = document.getElementById("acting").dataset;
const answer = await fetch(key);
if (!answer.ok) throw new Error(`${key}: ${answer.status}`);
const content = new Uint8Array(await answer.arrayBuffer());
sessionStorage.setItem("shareledger-keyfile", `${name}\n${btoa(String.fromCharCode(...content))}`);
location.replace(then);
