import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One node of OpenSearch with the k-NN plugin, for tests: java Node.java &lt;folder&gt; &lt;port&gt;. Ends when it is told to. */
public class Node {
    public static void main(String[] args) throws Exception {
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.onBuild((number, settings) -> {
            settings.put("http.port", args[1]);
            settings.put("transport.port", "0");
            settings.put("discovery.type", "single-node");
        }).build(OpenSearchRunner.newConfigs()
            .basePath(args[0])
            .clusterName("r4t")
            .numOfNode(1)
            .pluginTypes("org.opensearch.knn.plugin.KNNPlugin"));
        Thread.currentThread().join();
    }
}
