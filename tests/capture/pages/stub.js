// What PostHog's HTML snippet does, in readable form: a queue in place of the library, and the script that replaces it.
(function (posthog) {
  if (posthog.__SV) return;
  window.posthog = posthog;
  posthog._i = [];
  posthog.init = function (token, config, name) {
    const target = name === undefined ? posthog : (posthog[name] = []);
    const queue = (object, method) => {
      object[method] = (...args) => { target.push([method, ...args]); };
    };
    target.people = target.people || [];
    const methods = "capture identify alias group resetGroups reset register register_once register_for_session unregister " +
      "unregister_for_session setPersonProperties setPersonPropertiesForFlags createPersonProfile opt_in_capturing " +
      "opt_out_capturing has_opted_out_capturing get_distinct_id getGroups get_session_id get_property set_config debug on " +
      "onFeatureFlags isFeatureEnabled getFeatureFlag reloadFeatureFlags captureException startSessionRecording stopSessionRecording";
    methods.split(" ").forEach(method => queue(target, method));
    const script = document.createElement("script");
    script.async = true;
    script.crossOrigin = "anonymous";
    script.src = config.api_host + "/static/array.js";
    document.getElementsByTagName("script")[0].before(script);
    posthog._i.push([token, config, name === undefined ? "posthog" : name]);
  };
  posthog.__SV = 1;
})(window.posthog || []);
