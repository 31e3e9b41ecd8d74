package shareledger.client;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A call as its client knows it: the signed request, and what its answer must say. */
public final class Call {
    private static final String MALFORMED = "malformed-request";

    final SignedRequest request;
    final long authorisation;
    final List<String> items;
    final String operator;
    final String matter;

    Call(SignedRequest request, long authorisation, Query query) {
        this(request, authorisation, query.items, query.operator, query.matter);
    }

    private Call(SignedRequest request, long authorisation, List<String> items, String operator,
            String matter) {
        this.request = request;
        this.authorisation = authorisation;
        this.items = items;
        this.operator = operator;
        this.matter = matter;
    }

    /** The event id, 64 hex digits: the call's name everywhere. */
    public String event() {
        return Bytes.hex(request.event());
    }

    /** The JSON object that is kept: everything needed to send the same bytes again. */
    Map<String, Object> render() {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("request", request.render());
        members.put("authorisation", authorisation);
        members.put("items", items);
        members.put("operator", operator);
        members.put("matter", matter);
        return members;
    }

    static Call parse(Object value) {
        Map<String, Object> members = Json.object(value, MALFORMED);
        List<String> items = new ArrayList<>();
        for (Object item : Json.list(members.get("items"), MALFORMED)) {
            items.add(Json.text(item, MALFORMED));
        }
        return new Call(
                SignedRequest.parse(members.get("request")),
                Json.number(members.get("authorisation"), MALFORMED),
                items,
                Json.text(members.get("operator"), MALFORMED),
                Json.text(members.get("matter"), MALFORMED));
    }
}
