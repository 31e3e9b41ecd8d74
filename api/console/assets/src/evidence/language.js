// Before any word is chosen: `#en` asks for English.
document.documentElement.lang = location.hash === "#en" ? "en" : "zh-CN";
document.title = location.hash === "#en" ? "ShareLedger: verify evidence offline" : "ShareLedger 共享账本：离线核验证据";
addEventListener("hashchange", () => location.reload());
