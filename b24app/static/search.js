// Hands the clients that the server found to the client search of a CRM card, and fills in the one that is chosen.
// Decides nothing: every option stands ready in the page. An empty list tells the portal that nothing was found.
// Commands and event: REST documentation, CRM_DETAIL_SEARCH.
"use strict";

const options = [...document.querySelectorAll("[data-option]")].map((place) => ({ ...place.dataset }));

function shown({ option, name, phone, email }) {
  const entry = { id: option, name };
  if (phone) entry.phone = phone;
  if (email) entry.email = email;
  return entry;
}

// A lead can't be a card's client: it is opened, so that nobody makes the client a second time.
function choose(chosen) {
  const found = options.find(({ option }) => option === chosen?.data?.id);
  if (!found?.type) return;
  if (found.type === "lead") {
    BX24.openPath(found.path);
    return;
  }
  BX24.placement.call("crmShowCreatedEntity", { entityType: found.type, id: found.id, title: found.title });
}

if (typeof BX24 !== "undefined") {
  BX24.init(() => {
    BX24.placement.bindEvent("onCrmEntityIsNeedToCreate", choose);
    BX24.placement.call("crmShowFoundEntities", { data: options.map(shown) });
  });
}
